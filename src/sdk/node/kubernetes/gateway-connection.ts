import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { deadline } from "../../../lib/deadline.ts";
import { SandkeepError } from "../../errors.ts";
import { ConnectionError } from "../../http/transport.ts";
import type { ApiServer } from "./api-server.ts";
import type { GatewayService, PodPort } from "./gateway-pods.ts";
import { forwardPort, type ForwardedPort } from "./port-forward.ts";

const openMilliseconds = 15_000;

/**
 * Opens a connection to one of the gateway's Pods through the API server, TLS included. One Pod after the other is tried: that one
 * is ready is known to the API server a while before or after it is true.
 */
export async function openGateway(
  server: ApiServer,
  gateway: GatewayService,
  pods: readonly PodPort[],
  ca: string | undefined,
): Promise<TLSSocket> {
  let failure: unknown;
  for (const pod of shuffled(pods)) {
    using limit = deadline(openMilliseconds);
    try {
      const port = await forwardPort(server, gateway.namespace, pod, limit.signal);
      return await secure(port, gateway, ca, limit.signal);
    } catch (error) {
      if (error instanceof SandkeepError) throw error;
      failure = error;
    }
  }
  const why = failure instanceof Error ? failure.message : String(failure);
  throw new ConnectionError(`Cannot reach any of the gateway's ${pods.length} Pods through the API server: ${why}`, {
    cause: failure,
  });
}

/**
 * TLS, because the gateway speaks nothing else. Its certificate proves nothing that is not known: the API server, which we
 * have authenticated, chose the Pod by a Service that only the namespace's administrators can change, and leads us into
 * it, as `kubectl exec` would. So any certificate will do, such as those that gateways make themselves, unless we were
 * told whom to trust.
 */
async function secure(
  port: ForwardedPort,
  { namespace, service }: GatewayService,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const trust = ca === undefined ? { rejectUnauthorized: false } : { ca };
  const socket = connectTls({ socket: port, servername: `${service}.${namespace}.svc`, ...trust });
  try {
    await once(socket, "secureConnect", { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // A TLS socket over a stream has no handle of its own: the WebSocket below keeps the program alive, or not.
  socket.ref = () => {
    port.keepAlive(true);
    return socket;
  };
  socket.unref = () => {
    port.keepAlive(false);
    return socket;
  };
  return socket;
}

/** In any order, so that clients spread over the Pods. */
function shuffled(pods: readonly PodPort[]): PodPort[] {
  return pods
    .map((pod) => ({ pod, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ pod }) => pod);
}

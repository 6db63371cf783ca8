import type { IncomingMessage } from "node:http";
import type { createConnection, Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { WebSocket } from "ws";
import { apiError, isApiError, isUnauthorized } from "./api-error.ts";
import { asConnectionError, type Connection } from "./connection.ts";
import { ExecStream } from "./exec-stream.ts";
import { frameSocket } from "./frame-socket.ts";
import { POD } from "./objects.ts";
import { pathOf } from "./path.ts";

export interface ExecOptions {
  namespace: string;
  pod: string;
  container: string;
  /** Travels in the URL and stands in the API server's audit log: no secrets, no bulk. */
  command: string[];
  /** Whether much will be read: an octet costs less then, and a short message more. */
  large?: boolean;
  /** Ends the stream when aborted; the process inside sees the end of its stdin. */
  signal?: AbortSignal;
}

/**
 * Starts a command in a container with its stdin and stdout as one byte stream. Rejects with `ApiError` when the server
 * refuses (no such Pod, no permission), with `ConnectionError` when it does not answer. That the command itself could
 * not start shows only later, in `status`: the server accepts the stream before it asks the kubelet.
 *
 * The protocol is v5.channel.k8s.io (Kubernetes 1.30+) and no other, because the earlier ones have no half-close.
 */
export async function openExec(connection: Connection, options: ExecOptions): Promise<ExecStream> {
  try {
    return await upgrade(connection, options);
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    connection.forgetCredentials();
    return await upgrade(connection, options);
  }
}

async function upgrade(connection: Connection, options: ExecOptions): Promise<ExecStream> {
  const { namespace, pod, container, command, large, signal } = options;
  signal?.throwIfAborted();
  const query = new URLSearchParams(command.map((part) => ["command", part]));
  query.append("container", container);
  for (const stream of ["stdin", "stdout", "stderr"]) query.append(stream, "true");
  const path = pathOf(POD, { namespace, name: pod, subresource: "exec" });

  const { headers, tls } = await connection.credentials();
  const url = `${connection.server.replace(/^http/, "ws")}${path}?${query.toString()}`;
  const secure = url.startsWith("wss:");
  const socket = new WebSocket(url, ["v5.channel.k8s.io"], {
    ...tls,
    headers,
    perMessageDeflate: false,
    maxPayload: 0,
    handshakeTimeout: 30_000,
    followRedirects: false,
    ...(secure && { generateMask: noMask }),
    ...(large && {
      createConnection: ((opened: ConnectionOptions) => frameSocket(opened, secure)) as typeof createConnection,
    }),
  });
  socket.binaryType = "nodebuffer";
  const cancel = () => socket.terminate();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    const stream = await opened(socket, options, `GET ${path}`, secure);
    if (signal) destroyOnAbort(stream, signal);
    return stream;
  } catch (cause) {
    socket.terminate();
    if (isApiError(cause)) throw cause;
    throw asConnectionError(cause, `Cannot exec in Pod "${namespace}/${pod}"`, signal);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/**
 * A mask of zeros, which changes nothing and costs nothing: masks keep proxies from misreading frames as requests (RFC 6455,
 * 10.3), and within TLS no proxy reads them. Masking would be most of what a large upload costs this process.
 */
function noMask(mask: Buffer): void {
  mask.fill(0);
}

/** The stream is made the moment the socket opens: the first frames may be there already. */
function opened(
  socket: WebSocket,
  { namespace, pod }: ExecOptions,
  request: string,
  secure: boolean,
): Promise<ExecStream> {
  return new Promise((resolve, reject) => {
    let connection: Socket | undefined;
    socket.once("upgrade", ({ socket: below }) => {
      below.setKeepAlive(true, 30_000);
      if (secure) connection = below;
    });
    socket.once("open", () => resolve(new ExecStream(socket, `exec in Pod "${namespace}/${pod}"`, connection)));
    socket.on("error", reject);
    socket.once("unexpected-response", (_, response) => {
      refusal(response).then((body) => reject(apiError(request, response.statusCode ?? 0, body)), reject);
    });
  });
}

function destroyOnAbort(stream: ExecStream, signal: AbortSignal): void {
  const cancel = () => stream.destroy(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
  if (signal.aborted) cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", cancel));
}

async function refusal(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let body = "";
  for await (const text of response) {
    body += text;
    if (body.length > 64 * 1024) break;
  }
  return body;
}

import { NotFoundError, PermissionDeniedError } from "../../errors.ts";
import { ConnectionError } from "../../http/transport.ts";
import type { ApiServer } from "./api-server.ts";

/** Where the gateway is in its cluster. */
export interface GatewayService {
  namespace: string;
  service: string;
}

/** A Pod and the port at which it serves. */
export interface PodPort {
  pod: string;
  port: number;
}

/** What of an EndpointSlice is used. */
export interface EndpointSlice {
  ports?: { name?: string; port?: number }[] | null;
  endpoints?: { conditions?: { ready?: boolean }; targetRef?: { kind?: string; name?: string } }[] | null;
}

/** The Pods behind the Service that are ready, in any order. Rejects when there are none. */
export async function gatewayPods(server: ApiServer, gateway: GatewayService): Promise<PodPort[]> {
  const { namespace, service } = gateway;
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  const path = `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices?labelSelector=${selector}`;
  let items: EndpointSlice[];
  try {
    ({ items } = await server.json<{ items: EndpointSlice[] }>("GET", path));
  } catch (cause) {
    throw withRight(cause, namespace, "list endpointslices.discovery.k8s.io");
  }
  if (items.length === 0)
    throw new NotFoundError(
      "not_found",
      "request",
      `Cannot find the gateway: there is no Service "${service}" in namespace "${namespace}". Install Sandkeep in this ` +
        'cluster, choose another context, or say in the option "gateway" where it is',
    );
  const pods = readyPods(items);
  if (pods.length === 0)
    throw new ConnectionError(`No Pod of the gateway's Service "${service}" in namespace "${namespace}" is ready`);
  return pods;
}

/** Those that are ready; what an endpoint does not say counts as true. */
export function readyPods(slices: readonly EndpointSlice[]): PodPort[] {
  return slices.flatMap(({ ports, endpoints }) => {
    const port = (ports?.find(({ name }) => name === "https") ?? ports?.[0])?.port;
    if (port === undefined) return [];
    return (endpoints ?? []).flatMap(({ conditions, targetRef }) =>
      conditions?.ready !== false && targetRef?.kind === "Pod" && targetRef.name !== undefined
        ? [{ pod: targetRef.name, port }]
        : [],
    );
  });
}

/** The failure, with how to mend it where a right is missing. */
export function withRight(cause: unknown, namespace: string, right: string): unknown {
  if (!(cause instanceof PermissionDeniedError)) return cause;
  const message =
    `${cause.message}. To reach the gateway with a kubeconfig one needs the right to ${right} in namespace "${namespace}": ` +
    `have an administrator bind you to the Role sandkeep-connect there, or set SANDKEEP_URL and SANDKEEP_TOKEN`;
  return new PermissionDeniedError("permission_denied", "request", message, { cause });
}

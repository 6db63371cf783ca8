import { isIP } from "node:net";
import type { Sandbox } from "../../../api/sandbox.ts";
import type { ClassTunnels } from "../../../api/schema/class-tunnels.ts";
import type { Ingress, Service } from "../../../kube/objects.ts";
import type { TunnelAddress } from "../addresses.ts";
import { portsOf, type RouteObjects, routeHost, routeName } from "./objects.ts";

/** Whether the cluster leads clients to the ports of a sandbox, as far as its objects tell. */
export type RouteState = { kind: "routed"; addresses: TunnelAddress[] } | { kind: "missing"; message: string };

/** What the objects of a sandbox that are stored tell of its tunnels; `problem`: why they could not be made. */
export function routeStateOf(
  sandbox: Sandbox,
  terms: ClassTunnels,
  stored: RouteObjects,
  problem?: string,
): RouteState {
  const missing = missingPart(sandbox, terms, stored);
  if (missing !== undefined) return { kind: "missing", message: problem ?? missing };
  return {
    kind: "routed",
    addresses: (sandbox.spec.tunnels ?? []).map(({ port: containerPort, protocol }) => ({
      containerPort,
      ...(protocol === "TCP"
        ? unencryptedAddress(tcpServiceOf(sandbox, stored), terms, containerPort)
        : encryptedAddress(sandbox, terms, containerPort)),
    })),
  };
}

function missingPart(sandbox: Sandbox, terms: ClassTunnels, stored: RouteObjects): string | undefined {
  for (const protocol of ["TLS", "HTTP2"] as const) {
    if (portsOf(sandbox, protocol).length === 0) continue;
    const name = routeName(sandbox, protocol);
    const ingress = stored.ingresses.find(({ metadata }) => metadata.name === name);
    if (ingress === undefined) return `Ingress ${name} does not exist yet.`;
    if (terms.waitForAddress !== false && !hasAddress(ingress))
      return `Ingress ${name} has no address yet: look whether a controller serves ${classOf(terms)}.`;
  }
  const tcp = portsOf(sandbox, "TCP");
  if (tcp.length === 0) return undefined;
  const name = routeName(sandbox, "TCP");
  const service = tcpServiceOf(sandbox, stored);
  if (service === undefined) return `Service ${name} does not exist yet.`;
  const isOpen = tcp.every((port) => unencryptedAddress(service, terms, port).unencryptedPort !== undefined);
  return isOpen ? undefined : `Service ${name} has no address yet: look whether the cluster has load balancers.`;
}

function classOf({ ingressClassName }: ClassTunnels): string {
  return ingressClassName === undefined ? "the default IngressClass" : `IngressClass "${ingressClassName}"`;
}

function hasAddress({ status }: Ingress): boolean {
  return (status?.loadBalancer?.ingress ?? []).length > 0;
}

function tcpServiceOf(sandbox: Sandbox, { services }: RouteObjects): Service | undefined {
  const name = routeName(sandbox, "TCP");
  return services.find(({ metadata }) => metadata.name === name);
}

type Encrypted = Pick<TunnelAddress, "url" | "host" | "port">;

function encryptedAddress(sandbox: Sandbox, terms: ClassTunnels, containerPort: number): Encrypted {
  const { port = 443 } = terms;
  const host = routeHost(sandbox, terms, containerPort);
  return { url: `https://${host}${port === 443 ? "" : `:${port}`}`, host, port };
}

type Unencrypted = Pick<TunnelAddress, "unencryptedHost" | "unencryptedPort">;

/** Empty while the Service has none. */
function unencryptedAddress(
  service: Service | undefined,
  { tcpService }: ClassTunnels,
  containerPort: number,
): Unencrypted {
  if (tcpService?.type === "NodePort") {
    const entry = service?.spec?.ports?.find(({ port }) => port === containerPort);
    if (entry?.nodePort === undefined || tcpService.host === undefined) return {};
    return { unencryptedHost: tcpService.host, unencryptedPort: entry.nodePort };
  }
  const [first] = service?.status?.loadBalancer?.ingress ?? [];
  const address = first?.hostname ?? first?.ip;
  if (address === undefined) return {};
  const host = tcpService?.host ?? (isIP(address) === 6 ? `[${address}]` : address);
  return { unencryptedHost: host, unencryptedPort: containerPort };
}

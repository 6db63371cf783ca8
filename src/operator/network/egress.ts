import { namesField } from "../../api/class/domains.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";
import type { PodSpec, Service } from "../../kube/objects.ts";

/** The Service of the egress part; it exists where that is installed. */
export const EGRESS_SERVICE = "sandkeep-egress";

/** How sandboxes reach the egress part. */
export interface Egress {
  /** Addresses of its Service, which resolve names. */
  nameservers: readonly string[];
  /** Ports of its Pods, the one for DNS among them. */
  ports: readonly EgressPort[];
}

export interface EgressPort {
  port: number;
  protocol: string;
}

/** What the Service tells; `undefined` where there is none, or none with an address. */
export function egressBehind(service: Service | undefined): Egress | undefined {
  const { clusterIPs = [], ports = [] } = service?.spec ?? {};
  const nameservers = clusterIPs.filter((address) => address !== "None");
  if (nameservers.length === 0 || ports.length === 0) return undefined;
  return { nameservers, ports: ports.map(({ port, protocol = "TCP" }) => ({ port, protocol })) };
}

/** Whether sandboxes of a class resolve through the egress part, from their start to their end: what their Pod says about DNS cannot change. */
export function resolvesThere({ network }: Pick<SandboxClassSpec, "network">, egress: Egress | undefined): boolean {
  return network?.domains === true && egress !== undefined;
}

/**
 * The DNS part of a Pod that resolves through the egress part. Names are asked for as they are: sandboxes reach none of what
 * the cluster's search domains are for.
 */
export function dnsFor(
  sandboxClass: Pick<SandboxClassSpec, "network">,
  egress: Egress | undefined,
): Pick<PodSpec, "dnsPolicy" | "dnsConfig"> {
  if (egress === undefined || !resolvesThere(sandboxClass, egress)) return {};
  return {
    dnsPolicy: "None",
    dnsConfig: { nameservers: [...egress.nameservers], options: [{ name: "ndots", value: "1" }] },
  };
}

/** Why a sandbox that asks for domains or a proxy cannot have them: the class allows them, and there is nobody to do it. */
export function egressObjection({ network }: SandboxSpec, egress: Egress | undefined): string | undefined {
  const field = namesField(network);
  if (field === undefined || egress !== undefined) return undefined;
  return `spec.network.${field} needs the egress part, which is not installed. Leave it out, or ask an administrator to set egress.enabled of the chart.`;
}

/** What a sandbox that runs has been given and cannot have; with the rule for it, it reaches nothing by name. */
export function unresolvable({ network }: SandboxSpec, resolvesThere: boolean): string | undefined {
  const field = namesField(network);
  if (field === undefined || resolvesThere) return undefined;
  return `spec.network.${field} came too late: the class of this sandbox had no network.domains when it started, so it resolves names elsewhere. Create another one.`;
}

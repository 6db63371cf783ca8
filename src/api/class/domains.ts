import type { SandboxClass } from "../sandbox-class.ts";
import type { SandboxSpec } from "../sandbox.ts";
import type { Network } from "../schema/network.ts";
import type { Objection } from "./objection.ts";

/** The member of `spec.network` for which names have to be resolved by the egress part, if any is there. An empty list names nothing. */
export function namesField({ outbound, proxyName }: Network = {}): "outbound.domains" | "proxyName" | undefined {
  if ((outbound?.domains ?? []).length > 0) return "outbound.domains";
  return proxyName === undefined ? undefined : "proxyName";
}

/** What a class has against what a sandbox wants to reach by name. */
export function domainsObjection(
  { network = {} }: Pick<SandboxSpec, "network">,
  { metadata, spec }: SandboxClass,
): Objection | undefined {
  const field = namesField(network);
  if (field !== undefined && spec.network?.domains !== true) {
    const message = `spec.network.${field} needs network.domains in SandboxClass "${metadata.name}". Leave it out, or choose a class that has it.`;
    return { reason: "DomainsNotAllowed", message };
  }
  if (network.proxyName !== undefined && (network.outbound?.cidrs ?? []).length > 0) {
    const message =
      "spec.network.proxyName and outbound.cidrs exclude each other: what goes to an address does not go through the proxy. Use outbound.domains.";
    return { reason: "DomainsNotAllowed", message };
  }
  return undefined;
}

import type { SandboxClass, SandboxClassSpec } from "../../api/sandbox-class.ts";
import { holds, single } from "../../lib/cidr.ts";
import type { ClusterFacts } from "../facts.ts";

/** Where API servers listen that sandboxes of the class cannot reach once their policy is enforced; `address:port`. */
export function deniedAddresses(
  { apiServers }: Pick<ClusterFacts, "apiServers">,
  { network = {} }: Pick<SandboxClassSpec, "network">,
): string[] {
  const { allowedPrivateCidrs = [] } = network;
  return apiServers.filter((listener) => {
    const address = single(addressOf(listener));
    return !allowedPrivateCidrs.some((range) => holds(range, address));
  });
}

/** Why sandboxes of a class that waits for enforcement cannot run: there is nothing by which to tell it. */
export function enforcementObjection(
  facts: Pick<ClusterFacts, "apiServers">,
  { metadata, spec }: SandboxClass,
): string | undefined {
  if (spec.network?.waitForEnforcement !== true || deniedAddresses(facts, spec).length > 0) return undefined;
  return `SandboxClass "${metadata.name}" waits for the enforcement of policies, which only an API server's address that sandboxes cannot reach tells (${facts.apiServers.join(", ")}). Take one out of its allowedPrivateCidrs.`;
}

function addressOf(listener: string): string {
  return listener.slice(0, listener.lastIndexOf(":")).replaceAll(/[[\]]/g, "");
}

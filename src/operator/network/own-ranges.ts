import { isIP } from "node:net";
import type { Node } from "../../kube/objects.ts";
import { single } from "../../lib/cidr.ts";

/** The addresses of a node and of its Pods, as far as the node tells them. */
export function rangesOfNode({ spec, status }: Node): string[] {
  const { podCIDR, podCIDRs = podCIDR === undefined ? [] : [podCIDR] } = spec ?? {};
  const addresses = (status?.addresses ?? []).map(({ address }) => address).filter((address) => isIP(address) !== 0);
  return [...addresses.map(single), ...podCIDRs];
}

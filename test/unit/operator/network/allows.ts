import { BlockList, isIPv6 } from "node:net";
import type { NetworkPolicy } from "../../../../src/kube/objects.ts";

/** Whether a packet to that address passes, on any port, as the NetworkPolicy API defines it. */
export function allows(policy: NetworkPolicy | undefined, address: string): boolean {
  const peers = (policy?.spec?.egress ?? []).filter(({ ports }) => ports === undefined).flatMap(({ to = [] }) => to);
  return peers.some(({ ipBlock }) => {
    if (ipBlock === undefined) return false;
    return contains(ipBlock.cidr, address) && !(ipBlock.except ?? []).some((cidr) => contains(cidr, address));
  });
}

function contains(cidr: string, address: string): boolean {
  const [network = "", bits] = cidr.split("/");
  if (isIPv6(network) !== isIPv6(address)) return false;
  const list = new BlockList();
  const family = isIPv6(network) ? "ipv6" : "ipv4";
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}

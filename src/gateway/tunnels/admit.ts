import { BlockList, isIPv6 } from "node:net";
import type { Network } from "../../api/schema/network.ts";

type Inbound = Network["inbound"];

/** Rules are objects of a store, so that each is read once. */
const lists = new WeakMap<object, BlockList>();

/** Whether `spec.network.inbound` lets this address come in: any, unless it lists some. */
export function admits(inbound: Inbound, address: string): boolean {
  if (inbound?.cidrs === undefined) return true;
  const plain = plainAddress(address);
  return listOf(inbound, inbound.cidrs).check(plain, isIPv6(plain) ? "ipv6" : "ipv4");
}

/** An address as people write it: IPv4 that comes as IPv6, as it does to a listener of both, is IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function listOf(inbound: object, cidrs: readonly string[]): BlockList {
  const known = lists.get(inbound);
  if (known !== undefined) return known;
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = "", prefix] = cidr.split("/");
    list.addSubnet(address, Number(prefix), isIPv6(address) ? "ipv6" : "ipv4");
  }
  lists.set(inbound, list);
  return list;
}

import { BlockList, isIPv6 } from "node:net";
import type { Network } from "../../api/schema/network.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { isOver } from "../sandboxes/life.ts";

type Inbound = Network["inbound"];

/** Rules are objects of a store, so that each is read once. */
const known = new WeakMap<object, (address: string) => boolean>();

/**
 * Whether a client may be connected to a sandbox: it is not over, not kept from the network, and lets this address in. Without
 * one it is somebody who speaks for clients, each of which is looked at by itself.
 */
export function isAdmitted(sandbox: Sandbox, client: string | undefined): boolean {
  const { network } = sandbox.spec;
  if (isOver(sandbox) || network?.block === true) return false;
  return client === undefined || admits(network?.inbound, client);
}

/** Whether `spec.network.inbound` lets this address come in: any, unless it lists some. */
export function admits(inbound: Inbound, address: string): boolean {
  if (inbound?.cidrs === undefined) return true;
  const isListed = known.get(inbound) ?? inRanges(inbound.cidrs);
  known.set(inbound, isListed);
  return isListed(plainAddress(address));
}

/** Tells whether an address is in one of the ranges. */
export function inRanges(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = "", prefix] = cidr.split("/");
    list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return (address) => list.check(address, familyOf(address));
}

/** An address as people write it: IPv4 that comes as IPv6, as it does to a listener of both, is IPv4. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

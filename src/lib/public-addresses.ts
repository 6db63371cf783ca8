import { BlockList, isIP } from "node:net";

/**
 * IPv4 that is not the public internet: private, shared (CGNAT), link-local (metadata), loopback, Azure's WireServer (which
 * gives a virtual machine its secrets), test, multicast, reserved.
 */
export const notPublicV4: readonly string[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** All of public IPv6; what lies outside is loopback, unique local, link-local, multicast or a translation prefix. */
const publicV6 = "2000::/3";

/** All of IPv6 but `publicV6`. */
export const otherV6: readonly string[] = ["::/3", "4000::/2", "8000::/1"];

/** Parts of `publicV6` that lead elsewhere: Teredo, hashes of keys (ORCHIDv2), documentation, 6to4. */
export const notPublicV6: readonly string[] = ["2001::/32", "2001:20::/28", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** Tells whether an address belongs to the public internet, and to none of `excluded`; whatever is no address does not. */
export function publicAddresses(excluded: readonly string[] = []): (address: string) => boolean {
  const open = listOf([publicV6]);
  const closed = listOf([...notPublicV4, ...notPublicV6, ...excluded]);
  return (address) => {
    const version = isIP(address);
    if (version === 4) return !closed.check(address, "ipv4");
    // An IPv4 address written as an IPv6 one lies outside.
    return version === 6 && open.check(address, "ipv6") && !closed.check(address, "ipv6");
  };
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

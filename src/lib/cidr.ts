import ipaddr from "ipaddr.js";

/** The same range with its lowest address, as it is written shortest: `10.1.2.3/8` is `10.0.0.0/8`. */
export function canonicalCidr(cidr: string): string {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const network = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${network.networkAddressFromCIDR(cidr).toString()}/${bits}`;
}

/** Whether every address of `inner` is in `outer`; a range holds itself. */
export function holds(outer: string, inner: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(outer);
  const [address, innerBits] = ipaddr.parseCIDR(inner);
  return address.kind() === network.kind() && innerBits >= bits && address.match(network, bits);
}

/** The ranges without those that another one holds; canonical and in order, so that equal sets are equal lists. */
export function widest(cidrs: readonly string[]): string[] {
  const ranges = [...new Set(cidrs.map(canonicalCidr))].toSorted();
  return ranges.filter((range) => !ranges.some((other) => other !== range && holds(other, range)));
}

/** The range of one address. */
export function single(address: string): string {
  return `${address}/${ipaddr.parse(address).kind() === "ipv4" ? 32 : 128}`;
}

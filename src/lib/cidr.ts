import ipaddr from "ipaddr.js";

/** A range that is read already, for who compares it with many. */
export interface Range {
  /** Of its addresses; 32 or 128. */
  size: number;
  network: bigint;
  bits: number;
  /** Canonical. */
  cidr: string;
}

/** The same range with its lowest address, as it is written shortest: `10.1.2.3/8` is `10.0.0.0/8`. */
export function canonicalCidr(cidr: string): string {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const network = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${network.networkAddressFromCIDR(cidr).toString()}/${bits}`;
}

/** Reads a range; throws on what is none. */
export function rangeOf(text: string): Range {
  const cidr = canonicalCidr(text);
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const bytes = address.toByteArray();
  return { size: bytes.length * 8, network: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n), bits, cidr };
}

/** Whether every address of `inner` is in `outer`; a range covers itself. */
export function covers(outer: Range, inner: Range): boolean {
  const host = BigInt(outer.size - outer.bits);
  return outer.size === inner.size && outer.bits <= inner.bits && outer.network >> host === inner.network >> host;
}

/** `covers`, of ranges as they are written. */
export function holds(outer: string, inner: string): boolean {
  return covers(rangeOf(outer), rangeOf(inner));
}

/** The ranges without those that another one holds; canonical and in order, so that equal sets are equal lists. */
export function widest(cidrs: readonly string[]): string[] {
  const kept: Range[] = [];
  for (const range of cidrs.map(rangeOf).toSorted(byNetwork)) {
    // What holds a range begins where it does or before, and nothing that was kept lies in between.
    const last = kept.at(-1);
    if (last === undefined || !covers(last, range)) kept.push(range);
  }
  return kept.map(({ cidr }) => cidr);
}

/** By family and lowest address; of those that begin together the widest comes first. */
function byNetwork(a: Range, b: Range): number {
  if (a.size !== b.size) return a.size - b.size;
  if (a.network !== b.network) return a.network < b.network ? -1 : 1;
  return a.bits - b.bits;
}

/** The range of one address. */
export function single(address: string): string {
  return `${address}/${ipaddr.parse(address).kind() === "ipv4" ? 32 : 128}`;
}

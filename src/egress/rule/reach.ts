import { BlockList, isIP } from "node:net";
import { publicAddresses } from "../../lib/public-addresses.ts";

/** Tells which addresses a sandbox may reach by name: public ones that are not the cluster's, and those that its class opens. */
export class Reach {
  readonly #opened = new Map<string, (address: string) => boolean>();
  #isPublic: (address: string) => boolean = () => false;

  /** Until the cluster's own ranges are known, nothing may be reached. */
  setClosed(clusterRanges: readonly string[]): void {
    this.#isPublic = publicAddresses(clusterRanges);
  }

  /** For a sandbox whose Pod was made on these terms, as the operator wrote them. */
  for(terms = ""): (address: string) => boolean {
    const isOpened = this.#opened.get(terms) ?? listed(allowedPrivateCidrs(terms));
    // Classes are few; those that come and go must not stay.
    if (this.#opened.size >= 256) this.#opened.clear();
    this.#opened.set(terms, isOpened);
    return (address) => this.#isPublic(address) || isOpened(address);
  }
}

function allowedPrivateCidrs(terms: string): string[] {
  try {
    const { allowedPrivateCidrs } = JSON.parse(terms) as { allowedPrivateCidrs?: unknown };
    return Array.isArray(allowedPrivateCidrs) ? allowedPrivateCidrs.map(String) : [];
  } catch {
    return [];
  }
}

function listed(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = "", bits] = cidr.split("/");
    if (isIP(address) !== 0) list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

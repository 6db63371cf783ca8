import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { publicAddresses } from "../../lib/public-addresses.ts";

/** Tells which addresses a sandbox may reach by name: public ones that are not the cluster's, and those that its class opens. */
export class Reach {
  readonly #opened = new Map<string, ((address: string) => boolean) | undefined>();
  #isPublic: (address: string) => boolean = () => false;

  /** Until the cluster's own ranges are known, nothing may be reached. */
  setClosed(clusterRanges: readonly string[]): void {
    this.#isPublic = publicAddresses(clusterRanges);
  }

  /** For a sandbox whose Pod was made on these terms, as the operator wrote them; `undefined`: it has no business with names here. */
  for(terms = ""): ((address: string) => boolean) | undefined {
    const isOpened = this.#opened.has(terms) ? this.#opened.get(terms) : openedBy(terms);
    // Classes are few; those that come and go must not stay.
    if (this.#opened.size >= 256) this.#opened.clear();
    this.#opened.set(terms, isOpened);
    return isOpened && ((address) => this.#isPublic(address) || isOpened(address));
  }
}

const termsSchema = z.object({ domains: z.literal(true), allowedPrivateCidrs: z.array(z.string()).default([]) });

function openedBy(terms: string): ((address: string) => boolean) | undefined {
  try {
    return listed(termsSchema.parse(JSON.parse(terms)).allowedPrivateCidrs);
  } catch {
    // The operator writes nothing else: not JSON, or ranges that are none.
    return undefined;
  }
}

function listed(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = "", bits] = cidr.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

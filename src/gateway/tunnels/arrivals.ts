import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/** Handshakes of one replica at once. */
const mostAtOnce = 2_048;

/**
 * Counts connections whose client has not come to a sandbox yet. No client may have more than half of the places, so that
 * one which is slow with all of its own keeps nobody out.
 */
export class Arrivals {
  readonly #most: number;
  readonly #clients = new Map<string, number>();
  #all = 0;

  constructor(most: number = mostAtOnce) {
    this.#most = most;
  }

  /** Takes a place for a client until the function that is returned is called; `undefined` when there is none for it. */
  take(client: string): (() => void) | undefined {
    const key = networkOf(client);
    const own = this.#clients.get(key) ?? 0;
    if (this.#all >= this.#most || own >= this.#most / 2) return undefined;
    this.#clients.set(key, own + 1);
    this.#all++;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#all--;
      const left = (this.#clients.get(key) ?? 1) - 1;
      if (left === 0) this.#clients.delete(key);
      else this.#clients.set(key, left);
    };
  }
}

/** Whoever has one address of IPv6 has its whole /64. */
function networkOf(address: string): string {
  return isIPv6(address) ? ipaddr.IPv6.parse(address).parts.slice(0, 4).join(":") : address;
}

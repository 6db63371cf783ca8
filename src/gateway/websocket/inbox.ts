import { orAborted } from "../../lib/or-aborted.ts";
import { limits } from "./limits.ts";
import type { Peer } from "./peer.ts";

/** What a client has sent since the last time. */
export interface Batch {
  octets: Buffer;
  /** Whether the client has said that no more will come. */
  ended: boolean;
}

/** Octets that a client sends until somebody takes them. As long as there are too many it is not read from. */
export class Inbox {
  readonly #peer: Pick<Peer, "pause" | "resume">;
  #held: Buffer[] = [];
  #weight = 0;
  #ended = false;
  #arrived = Promise.withResolvers<void>();

  constructor(peer: Pick<Peer, "pause" | "resume">) {
    this.#peer = peer;
  }

  /** Nothing is added after the end. */
  add(octets: Buffer): void {
    if (this.#ended || octets.length === 0) return;
    this.#held.push(octets);
    this.#weight += octets.length + limits.octetsPerMessage;
    if (this.#weight >= limits.heldOctets) this.#peer.pause();
    this.#arrived.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#arrived.resolve();
  }

  /** All that has arrived, once there is something or the end. Rejects with the signal's reason. For one taker. */
  async take(signal: AbortSignal): Promise<Batch> {
    await orAborted(this.#arrived.promise, signal);
    const [first] = this.#held;
    const octets = first !== undefined && this.#held.length === 1 ? first : Buffer.concat(this.#held);
    this.#held = [];
    if (this.#weight >= limits.heldOctets) this.#peer.resume();
    this.#weight = 0;
    this.#arrived = Promise.withResolvers();
    return { octets, ended: this.#ended };
  }
}

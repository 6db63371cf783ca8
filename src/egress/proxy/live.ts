import type { Socket } from "node:net";
import { sleep } from "../../lib/sleep.ts";
import type { Client } from "../client.ts";
import { connections } from "../metrics.ts";
import { type Access, allowsName } from "../rule/access.ts";

/** How many places there are: of one sandbox, of all of a namespace, and in all. */
export interface Places {
  ofOne: number;
  ofNamespace: number;
  inAll: number;
}

/** What a place buffers at most, about 200 KiB, fits the memory that the chart gives; no namespace can take it all. */
const defaults: Places = { ofOne: 1024, ofNamespace: 2048, inAll: 4096 };

/** The place of a connection, which is taken before anything is done for it. */
export class Place {
  /** What it is for, once that is known. */
  host: string | undefined;
  readonly #sockets = new Set<Socket>();
  readonly #left: () => void;
  #isCut = false;

  constructor(host: string | undefined, left: () => void) {
    this.host = host;
    this.#left = left;
  }

  /** Has a socket cut when the place is; at once, with `false`, when it was already. */
  hold(socket: Socket): boolean {
    if (this.#isCut) socket.resetAndDestroy();
    else this.#sockets.add(socket);
    return !this.#isCut;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Leaves it to others; once is enough. */
  leave(): void {
    this.#left();
  }
}

/** The connections of sandboxes, so that they are not too many and can be cut when they are no longer allowed. */
export class LiveConnections {
  readonly #places: Places;
  readonly #bySandbox = new Map<string, Set<Place>>();
  readonly #byNamespace = new Map<string, number>();
  #all = 0;

  constructor(places: Places = defaults) {
    this.#places = places;
  }

  /** A place for a connection, until it is left; `undefined`: there are too many. */
  reserve({ uid, namespace }: Pick<Client, "uid" | "namespace">, host?: string): Place | undefined {
    const { ofOne, ofNamespace, inAll } = this.#places;
    const own = this.#bySandbox.get(uid) ?? new Set();
    const near = this.#byNamespace.get(namespace) ?? 0;
    if (own.size >= ofOne || near >= ofNamespace || this.#all >= inAll) return undefined;
    const place: Place = new Place(host, () => {
      if (!own.delete(place)) return;
      if (own.size === 0 && this.#bySandbox.get(uid) === own) this.#bySandbox.delete(uid);
      this.#count(namespace, -1);
    });
    this.#bySandbox.set(uid, own.add(place));
    this.#count(namespace, 1);
    return place;
  }

  /** Cuts those of a sandbox that its rule does not allow; without one, all. */
  review(uid: string, access?: Access): void {
    for (const place of this.#bySandbox.get(uid) ?? []) {
      const isAllowed = access?.kind === "proxied" && (place.host === undefined || allowsName(access, place.host));
      if (!isAllowed) place.cut();
    }
  }

  /** Cuts all. */
  close(): void {
    for (const uid of this.#bySandbox.keys()) this.review(uid);
  }

  /** Resolves once there are none, and after so many seconds anyway. */
  async drain(seconds: number): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    while (this.#all > 0 && performance.now() < deadline) await sleep(50);
  }

  #count(namespace: string, change: 1 | -1): void {
    const near = (this.#byNamespace.get(namespace) ?? 0) + change;
    if (near === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, near);
    this.#all += change;
    connections.set(this.#all);
  }
}

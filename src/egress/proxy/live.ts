import type { Socket } from "node:net";
import type { Client } from "../client.ts";
import { connections } from "../metrics.ts";
import { sleep } from "../../lib/sleep.ts";
import { type Access, allowsName } from "../rule/access.ts";

/** One connection of a sandbox: what it is for once that is known. */
export interface LiveConnection {
  socket: Socket;
  host?: string;
}

/** Connections at once, of one sandbox and of all: each takes some memory. */
const mostOfOne = 1024;
const mostOfAll = 16_384;

/** The connections of sandboxes, so that they can be cut when they are no longer allowed. */
export class LiveConnections {
  readonly #bySandbox = new Map<string, Set<LiveConnection>>();
  #all = 0;

  /** Keeps a connection until it is closed; `undefined`: there are too many. */
  add({ uid }: Pick<Client, "uid">, socket: Socket, host?: string): LiveConnection | undefined {
    const own = this.#bySandbox.get(uid) ?? new Set();
    if (own.size >= mostOfOne || this.#all >= mostOfAll) return undefined;
    const connection: LiveConnection = { socket, ...(host !== undefined && { host }) };
    this.#bySandbox.set(uid, own.add(connection));
    this.#count(1);
    socket.once("close", () => {
      own.delete(connection);
      if (own.size === 0 && this.#bySandbox.get(uid) === own) this.#bySandbox.delete(uid);
      this.#count(-1);
    });
    return connection;
  }

  /** Cuts those of a sandbox that its rule does not allow; without one, all. */
  review(uid: string, access?: Access): void {
    for (const { socket, host } of this.#bySandbox.get(uid) ?? []) {
      const isAllowed = access?.kind === "proxied" && (host === undefined || allowsName(access, host));
      if (!isAllowed) socket.resetAndDestroy();
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

  #count(change: 1 | -1): void {
    this.#all += change;
    connections.set(this.#all);
  }
}

import type { Decision } from "../../api/decision.ts";
import { Allowance } from "../../lib/allowance.ts";
import { microTime } from "../../lib/micro-time.ts";
import type { Log } from "../../log.ts";
import type { Client } from "../client.ts";
import { decisionsTotal } from "../metrics.ts";

/** What was decided, but for when and how often. */
export type Made = Omit<Decision, "time" | "count">;

/** What is known of one sandbox. */
export interface DecisionsOf {
  /** The newest first. */
  decisions: Decision[];
  /** How many there were in all, remembered or not. */
  allowed: number;
  denied: number;
  failed: number;
}

/** Different decisions of each kind that are remembered of a sandbox, and sandboxes of which any are. */
const mostOfOne = 64;
const mostSandboxes = 4096;

/** Remembers, counts and logs what sandboxes were allowed and denied. Decisions that are alike are one that has a count. */
export class Decisions {
  readonly #bySandbox = new Map<string, Remembered>();
  readonly #log: Log;
  readonly #lines = new Allowance({ burst: 20, refillMilliseconds: 1_000, most: 2 * mostSandboxes });

  constructor(log: Log) {
    this.#log = log;
  }

  add({ uid, namespace, name }: Pick<Client, "uid" | "namespace" | "name">, made: Made, now: Date = new Date()): void {
    const { verdict, protocol, host, port, reason } = made;
    decisionsTotal.inc({ verdict, protocol, reason: reason ?? "" });
    const known = this.#bySandbox.get(uid) ?? nothing();
    this.#bySandbox.delete(uid);
    this.#bySandbox.set(uid, known);
    dropOldest(this.#bySandbox, mostSandboxes);
    known[verdict] += 1;

    // Who only asks for names, which costs nothing, must not have connections forgotten or unlogged.
    const kind = protocol === "DNS" ? "names" : "connections";
    const { latest, notLogged } = known[kind];
    const key = `${verdict} ${protocol} ${host} ${port} ${reason}`;
    const before = latest.get(key);
    latest.delete(key);
    latest.set(key, { ...made, time: microTime(now), count: (before?.count ?? 0) + 1 });
    dropOldest(latest, mostOfOne);
    // What is new is worth a line, unless somebody makes up names.
    if (before !== undefined) return;
    if (!this.#lines.take(`${kind} ${uid}`)) known[kind].notLogged += 1;
    else {
      known[kind].notLogged = 0;
      this.#log.info({ namespace, sandbox: name, ...made, ...(notLogged > 0 && { notLogged }) }, "decided");
    }
  }

  of(uid: string): DecisionsOf {
    const known = this.#bySandbox.get(uid);
    if (known === undefined) return { decisions: [], allowed: 0, denied: 0, failed: 0 };
    const { names, connections, Allowed: allowed, Denied: denied, Failed: failed } = known;
    const decisions = [...names.latest.values(), ...connections.latest.values()].toReversed();
    // Of the same length, so that their order is that of time.
    decisions.sort((one, other) => (one.time < other.time ? 1 : one.time > other.time ? -1 : 0));
    return { decisions, allowed, denied, failed };
  }
}

/** Decisions of one kind: the latest is the last of its map. How many new ones had no line since the last that had. */
interface Kind {
  latest: Map<string, Decision>;
  notLogged: number;
}

type Remembered = Record<Decision["verdict"], number> & Record<"names" | "connections", Kind>;

function nothing(): Remembered {
  return { names: noneOfKind(), connections: noneOfKind(), Allowed: 0, Denied: 0, Failed: 0 };
}

function noneOfKind(): Kind {
  return { latest: new Map(), notLogged: 0 };
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

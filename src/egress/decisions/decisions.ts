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

/** Different decisions that are remembered of a sandbox, and sandboxes of which any are. */
const mostOfOne = 64;
const mostSandboxes = 4096;

/** Remembers, counts and logs what sandboxes were allowed and denied. Decisions that are alike are one that has a count. */
export class Decisions {
  readonly #bySandbox = new Map<string, Remembered>();
  readonly #log: Log;
  readonly #lines = new Allowance({ burst: 20, refillMilliseconds: 1_000, most: mostSandboxes });

  constructor(log: Log) {
    this.#log = log;
  }

  add({ uid, namespace, name }: Pick<Client, "uid" | "namespace" | "name">, made: Made, now: Date = new Date()): void {
    const { verdict, protocol, host, port, reason } = made;
    decisionsTotal.inc({ verdict, protocol, reason: reason ?? "" });
    const known = this.#bySandbox.get(uid) ?? { latest: new Map(), Allowed: 0, Denied: 0, Failed: 0 };
    this.#bySandbox.delete(uid);
    this.#bySandbox.set(uid, known);
    dropOldest(this.#bySandbox, mostSandboxes);
    known[verdict] += 1;

    const key = `${verdict} ${protocol} ${host} ${port} ${reason}`;
    const before = known.latest.get(key);
    known.latest.delete(key);
    known.latest.set(key, { ...made, time: microTime(now), count: (before?.count ?? 0) + 1 });
    dropOldest(known.latest, mostOfOne);
    // What is new is worth a line, unless somebody makes up names.
    if (before === undefined && this.#lines.take(uid)) this.#log.info({ namespace, sandbox: name, ...made }, "decided");
  }

  of(uid: string): DecisionsOf {
    const known = this.#bySandbox.get(uid);
    if (known === undefined) return { decisions: [], allowed: 0, denied: 0, failed: 0 };
    const { latest, Allowed: allowed, Denied: denied, Failed: failed } = known;
    return { decisions: [...latest.values()].toReversed(), allowed, denied, failed };
  }
}

/** The latest is the last of its map. */
type Remembered = Record<Decision["verdict"], number> & { latest: Map<string, Decision> };

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

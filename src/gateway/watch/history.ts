import type { Sandbox } from "../../api/sandbox.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import type { Change } from "../../runtime/store.ts";
import { EventLog } from "./event-log.ts";
import { Follower } from "./follower.ts";

/** A change of a sandbox and its place among all changes. Without a place it became known by a new list, in no order. */
export interface Event {
  change: Change<Sandbox>;
  /** The version of the API server that it made. */
  version?: bigint;
  /** Everything up to this version had become known by then. */
  cursor?: string;
}

/** Where events come from. */
export type EventSource = Pick<Reflector<Sandbox, "namespace">, "store" | "version" | "subscribe" | "onList">;

/**
 * The latest changes of all sandboxes, for watches that resume. Cursors are versions of the API server, so that any
 * replica takes one from any other.
 *
 *      floor ──── events in the log ──── version of the reflector
 *        │ a cursor from here on resumes; it may be ahead of a replica that lags
 *        └ an earlier one cannot: what came after it is forgotten
 */
export class SandboxHistory {
  readonly #source: EventSource;
  readonly #followers = new Set<Follower>();
  readonly #log = new EventLog();
  #floor = 0n;
  /** The place of the first event after the latest list. */
  #afterList = 0;

  /** To be made before the source begins to fill. */
  constructor(source: EventSource) {
    this.#source = source;
    source.subscribe((change) => this.#record(change));
    source.onList((version) => {
      this.#afterList = this.#log.end;
      this.#floor = BigInt(version);
    });
  }

  /** Everything up to it has become known. Empty before the first list. */
  get cursor(): string {
    return this.#source.version ?? "";
  }

  /**
   * Follows what happens from the cursor on; from now on where that is too old or missing, and `sandboxes` are then those
   * that there are. Must be called once the source is filled, and the follower be closed.
   */
  follow(cursor?: string): { follower: Follower; sandboxes?: Sandbox[] } {
    const since = cursor === undefined ? undefined : BigInt(cursor);
    const resumes = since !== undefined && since >= this.#floor;
    const place = resumes ? Math.max(this.#afterList, this.#log.first) : this.#log.end;
    const forget = () => this.#followers.delete(follower);
    const follower = new Follower(this.#log, place, resumes ? since : undefined, forget);
    this.#followers.add(follower);
    return resumes ? { follower } : { follower, sandboxes: [...this.#source.store.values()] };
  }

  #record(change: Change<Sandbox>): void {
    const { first } = this.#log;
    const forgotten = this.#log.add(this.#eventOf(change));
    for (const { version = 0n } of forgotten.slice(Math.max(0, this.#afterList - first)))
      if (version > this.#floor) this.#floor = version;
    for (const follower of this.#followers) follower.tell();
  }

  #eventOf(change: Change<Sandbox>): Event {
    const { version: cursor } = this.#source;
    if (cursor === undefined) return { change };
    // The answer to a write of our own comes before others' changes that are older.
    const own = BigInt(change.object?.metadata.resourceVersion ?? 0);
    const seen = BigInt(cursor);
    return { change, version: own > seen ? own : seen, cursor };
  }
}

import { hostname } from "node:os";
import { apiVersionOf, type KubeObject, type ResourceKind } from "../api/meta.ts";
import { isApiError } from "../kube/api-error.ts";
import type { Kube } from "../kube/client.ts";
import { EVENT, type Event } from "../kube/objects.ts";
import { backoff } from "../lib/backoff.ts";
import { microTime } from "../lib/micro-time.ts";
import { sleep } from "../lib/sleep.ts";
import { truncate } from "../lib/truncate.ts";
import { log as rootLog, type Log } from "../log.ts";
import { droppedEvents } from "./metrics.ts";
import type { PlannedEvent } from "./plan.ts";

export interface EventRecorderOptions {
  kube: Kube;
  /** `reportingController` of the events, as `sandkeep.dev/operator`. */
  controller: string;
  log?: Log;
}

/** A repeated event within this time becomes a count on the first one. */
const seriesMilliseconds = 10 * 60_000;
/** A count is written at most this often. */
const countMilliseconds = 30_000;
const mostRemembered = 4096;
const mostPending = 1024;
const atOnce = 8;

interface Recorded {
  name: string;
  namespace: string;
  count: number;
  firstAt: number;
  writtenAt: number;
}

/**
 * Writes Kubernetes Events in the background: `record` returns at once and never throws. An event that says the same about
 * the same object as an earlier one counts that one up. Events are best effort: while the API server is away for long,
 * or more than 1024 wait, they are dropped and counted in a metric.
 */
export class EventRecorder {
  readonly #kube: Kube;
  readonly #controller: string;
  readonly #log: Log;
  readonly #recorded = new Map<string, Recorded>();
  readonly #pending: (() => Promise<unknown>)[] = [];
  readonly #workers = new Set<Promise<void>>();

  constructor({ kube, controller, log = rootLog }: EventRecorderOptions) {
    this.#kube = kube;
    this.#controller = controller;
    this.#log = log.child({ component: "events" });
  }

  record(kind: ResourceKind, object: KubeObject, event: PlannedEvent): void {
    const { type, reason, message } = event;
    const identity = JSON.stringify([kind.plural, object.metadata.uid ?? object.metadata.name, type, reason, message]);
    const now = performance.now();
    const earlier = this.#recorded.get(identity);
    if (earlier !== undefined && now - earlier.firstAt < seriesMilliseconds) {
      this.#countUp(earlier, now);
      return;
    }
    const namespace = object.metadata.namespace ?? "default";
    const name = `${object.metadata.name.slice(0, 200)}.${uniqueSuffix()}`;
    this.#recorded.delete(identity);
    this.#recorded.set(identity, { name, namespace, count: 1, firstAt: now, writtenAt: now });
    for (const oldest of this.#recorded.keys()) {
      if (this.#recorded.size <= mostRemembered) break;
      this.#recorded.delete(oldest);
    }
    const body = this.#eventFor(kind, object, event, { namespace, name });
    this.#submit(() => this.#kube.create(EVENT, body));
  }

  /** Resolves when everything recorded so far is written or dropped. */
  async flush(): Promise<void> {
    while (this.#workers.size > 0) await Promise.all(this.#workers);
  }

  #countUp(earlier: Recorded, now: number): void {
    earlier.count++;
    if (earlier.count > 2 && now - earlier.writtenAt < countMilliseconds) return;
    earlier.writtenAt = now;
    const { name, namespace, count } = earlier;
    const series = { count, lastObservedTime: microTime(new Date()) };
    this.#submit(() => this.#kube.mergePatch(EVENT, { namespace, name }, { series }));
  }

  #eventFor(kind: ResourceKind, object: KubeObject, event: PlannedEvent, metadata: Event["metadata"]): Event {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    return {
      metadata,
      eventTime: microTime(new Date()),
      reportingController: this.#controller,
      reportingInstance: hostname(),
      type: event.type,
      reason: event.reason,
      action: event.reason,
      note: truncate(event.message, 1024),
      regarding: {
        apiVersion: apiVersionOf(kind),
        kind: kind.kind,
        name,
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
        ...(resourceVersion !== undefined && { resourceVersion }),
      },
    };
  }

  #submit(write: () => Promise<unknown>): void {
    if (this.#pending.length >= mostPending) {
      droppedEvents.inc();
      return;
    }
    this.#pending.push(write);
    if (this.#workers.size >= atOnce) return;
    const worker = this.#work();
    this.#workers.add(worker);
    void worker.finally(() => this.#workers.delete(worker));
  }

  async #work(): Promise<void> {
    for (let write = this.#pending.shift(); write !== undefined; write = this.#pending.shift())
      await this.#write(write);
  }

  async #write(write: () => Promise<unknown>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await write();
        return;
      } catch (error) {
        const refused = isApiError(error) && error.status < 500;
        if (refused || attempt === 6) {
          droppedEvents.inc();
          this.#log.warn({ error }, "an event was not recorded");
          return;
        }
        await sleep(backoff(attempt, { first: 500, most: 10_000 }));
      }
    }
  }
}

let sequence = 0;

function uniqueSuffix(): string {
  sequence = (sequence + 1) % 0x10000;
  return `${Date.now().toString(16)}${sequence.toString(16).padStart(4, "0")}`;
}

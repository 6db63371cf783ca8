import type { KubeObject, ObjectMeta, ResourceKind } from "../api/meta.ts";
import { isGone, SilentWatchError } from "../kube/api-error.ts";
import type { Kube, WatchEvent } from "../kube/client.ts";
import { listAll } from "../kube/list-all.ts";
import { backoff, type BackoffOptions } from "../lib/backoff.ts";
import { sleep } from "../lib/sleep.ts";
import { log as rootLog, type Log } from "../log.ts";
import { keyOfObject } from "./key.ts";
import { handlerFailures, lastEvent, relists, storedObjects, watchFailures } from "./metrics.ts";
import { WritableStore, type Change, type Indexes, type Store } from "./store.ts";

export interface ReflectorOptions<T extends KubeObject, Index extends string> {
  /** In logs and metrics; default: the plural of the kind. */
  name?: string;
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  indexes?: Indexes<T, Index>;
  /** What is stored of an object, where most of it is never read; its metadata has to keep name, namespace, uid and version. */
  keep?: (object: T) => T;
  /** Pauses after failures; default 0.8 s, doubling up to 30 s. */
  retry?: BackoffOptions;
  log?: Log;
}

export type ChangeHandler<T extends KubeObject> = (change: Change<T>) => void;

/** A watch that lived this long was a good one, even if nothing happened. */
const livedMilliseconds = 1_000;

/**
 * Keeps a store of one kind equal to what the API server has.
 *
 *     list ──► watch ──► watch … each from the last version seen
 *      ▲         │ 410: that version is forgotten; 90 s without a bookmark: perhaps the server never knew it
 *      └─────────┘ any other failure: the watch goes on from the same version, after a pause of at most 0.8 → 30 s
 *
 * It goes on until aborted, whatever happens. Every object that became different reaches every handler, and again after
 * a pause if the handler throws; several differences of one object may arrive as one. See `onGap` for what may not arrive.
 */
export class Reflector<T extends KubeObject, Index extends string = never> {
  readonly kind: ResourceKind<T>;
  readonly name: string;
  readonly #kube: Kube;
  readonly #store: WritableStore<T, Index>;
  readonly #selection: { namespace?: string; labelSelector?: string; fieldSelector?: string };
  readonly #keep: (object: T) => T;
  readonly #retry: BackoffOptions;
  readonly #log: Log;
  readonly #handlers: ChangeHandler<T>[] = [];
  readonly #gapHandlers: (() => void)[] = [];
  readonly #listHandlers: ((version: string) => void)[] = [];
  readonly #redeliveries = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;
  #version: string | undefined;
  #heardAt = -Infinity;

  constructor(kube: Kube, kind: ResourceKind<T>, options: ReflectorOptions<T, Index> = {}) {
    const { name = kind.plural, indexes, keep = withoutBulk, log = rootLog, ...rest } = options;
    const { retry = { first: 800, most: 30_000 }, ...selection } = rest;
    this.kind = kind;
    this.name = name;
    this.#kube = kube;
    this.#store = new WritableStore(indexes);
    this.#selection = selection;
    this.#keep = keep;
    this.#retry = retry;
    this.#log = log.child({ reflector: name });
    relists.inc({ reflector: name }, 0);
    watchFailures.inc({ reflector: name }, 0);
    handlerFailures.inc({ reflector: name }, 0);
  }

  get store(): Store<T, Index> {
    return this.#store;
  }

  /**
   * The version up to which handlers have been told everything; for who is told of an event of the watch, that event's own.
   * Absent while they are told the differences of a list, which come in no order.
   */
  get version(): string | undefined {
    return this.#version;
  }

  /** Milliseconds since the API server said anything: of a watch on which nothing happens it does about every minute. */
  get silence(): number {
    return performance.now() - this.#heardAt;
  }

  /**
   * See `WritableStore.learn`. Handlers are told now, for the watch will bring nothing new: neither this version nor those
   * before it, in which others may have written what the answer to our write holds as well.
   */
  learn(object: T): void {
    this.#deliver(this.#store.learn(this.#keep(object)), this.#signal);
  }

  /** To be called before `run`; a handler that comes later misses what is stored already. */
  subscribe(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
  }

  /**
   * Called when a new list had to follow a watch, after the differences that it shows. An object that came and went in
   * between is in neither, so whoever made it will not hear of its end.
   */
  onGap(handler: () => void): void {
    this.#gapHandlers.push(handler);
  }

  /** Called with its version when a list has been taken over, after the differences that it shows. */
  onList(handler: (version: string) => void): void {
    this.#listHandlers.push(handler);
  }

  /** Works until the signal is aborted, and then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    let version: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      let failed = false;
      try {
        version ??= await this.#list(signal);
        for await (const event of this.#kube.watch(this.kind, {
          ...this.#selection,
          resourceVersion: version,
          opened: () => this.#heard(),
          signal,
        })) {
          version = this.#take(event, signal) ?? version;
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) break;
        failed = true;
        if (isGone(error) || error instanceof SilentWatchError) version = undefined;
        watchFailures.inc({ reflector: this.name });
        this.#log.warn({ error, failures, relist: version === undefined }, "watch failed; it goes on after a pause");
      }
      const lived = performance.now() - startedAt;
      // What fails so seldom need not pause for longer each time: some proxies cut quiet watches off every minute.
      if (lived > this.#retry.most) failures = 0;
      if (failed || lived < livedMilliseconds) {
        await sleep(backoff(failures++, this.#retry), signal).catch(() => {});
      }
    }
    await Promise.all(this.#redeliveries);
  }

  async #list(signal: AbortSignal): Promise<string> {
    const isGap = this.#store.isReady;
    const { items, resourceVersion } = await listAll(this.#kube, this.kind, { ...this.#selection, signal });
    relists.inc({ reflector: this.name });
    this.#heard();
    this.#version = undefined;
    this.#deliver(this.#store.replaceAll(items.map((item) => this.#keep(item))), signal);
    this.#version = resourceVersion;
    for (const handler of this.#listHandlers) handler(resourceVersion);
    if (isGap) for (const handler of this.#gapHandlers) handler();
    this.#log.debug({ objects: items.length }, "listed");
    return resourceVersion;
  }

  #heard(): void {
    this.#heardAt = performance.now();
    lastEvent.setToCurrentTime({ reflector: this.name });
  }

  /** The version from which to go on after this event. */
  #take(event: WatchEvent<T>, signal: AbortSignal): string | undefined {
    this.#heard();
    if (event.type === "BOOKMARK") return (this.#version = event.resourceVersion);
    const { object } = event;
    this.#version = object.metadata.resourceVersion;
    const changes =
      event.type === "DELETED" ? this.#store.delete(keyOfObject(object)) : this.#store.set(this.#keep(object));
    this.#deliver(changes, signal);
    return this.#version;
  }

  #deliver(changes: Change<T>[], signal: AbortSignal | undefined): void {
    storedObjects.set({ reflector: this.name }, this.#store.size);
    for (const change of changes) {
      for (const handler of this.#handlers) this.#call(handler, change, signal);
    }
  }

  #call(handler: ChangeHandler<T>, change: Change<T>, signal: AbortSignal | undefined, attempt = 0): void {
    try {
      handler(change);
    } catch (error) {
      handlerFailures.inc({ reflector: this.name });
      this.#log.error({ error, key: change.key, attempt }, "a handler threw; the change is delivered again");
      const again = sleep(backoff(attempt, this.#retry), signal).then(
        () => this.#call(handler, change, signal, attempt + 1),
        () => {},
      );
      this.#redeliveries.add(again);
      void again.finally(() => this.#redeliveries.delete(again));
    }
  }
}

/** Leaves out what is large and never read. */
function withoutBulk<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as ObjectMeta & { managedFields?: unknown };
  const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
  if (metadata.annotations?.[lastApplied] === undefined) return { ...object, metadata };
  const { [lastApplied]: __, ...annotations } = metadata.annotations;
  return { ...object, metadata: { ...metadata, annotations } };
}

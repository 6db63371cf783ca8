import type { KubeObject } from "../api/meta.ts";
import { keyOfObject } from "./key.ts";

/** What is known of one kind, by key. Objects are shared: never change one. */
export interface Store<T extends KubeObject, Index extends string = never> {
  get(key: string): T | undefined;
  keys(): IterableIterator<string>;
  values(): IterableIterator<T>;
  readonly size: number;
  /** The objects for which the index function of that name gave `value`. */
  by(index: Index, value: string): T[];
  /** The same one after the other, for who looks at the first of many; not to be kept. */
  each(index: Index, value: string): Iterable<T>;
  /** Resolves once everything that existed at the start is in the store. */
  readonly ready: Promise<void>;
  readonly isReady: boolean;
}

export type Indexes<T extends KubeObject, Index extends string> = Record<Index, (object: T) => string[]>;

/** One difference in a store. `object` is absent when it is gone, `previous` when it was not there. */
export interface Change<T extends KubeObject> {
  key: string;
  object?: T;
  previous?: T;
}

/** The side of a store that its reflector writes. Each method answers with what it changed. */
export class WritableStore<T extends KubeObject, Index extends string = never> implements Store<T, Index> {
  readonly ready: Promise<void>;
  readonly #objects = new Map<string, T>();
  readonly #indexes: Map<Index, { values: (object: T) => string[]; keys: Map<string, Set<string>> }>;
  readonly #becomeReady: () => void;
  #isReady = false;

  constructor(indexes: Partial<Indexes<T, Index>> = {}) {
    const functions = Object.entries(indexes) as [Index, (object: T) => string[]][];
    this.#indexes = new Map(functions.map(([name, values]) => [name, { values, keys: new Map() }]));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#becomeReady = resolve;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  by(index: Index, value: string): T[] {
    const keys = this.#indexes.get(index)?.keys.get(value) ?? [];
    return Array.from(keys, (key) => this.#objects.get(key)).filter((object) => object !== undefined);
  }

  *each(index: Index, value: string): Generator<T, void, void> {
    for (const key of this.#indexes.get(index)?.keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) yield object;
    }
  }

  /** Makes the store exactly these objects, and ready. Versions may go backwards, as after a restored backup. */
  replaceAll(objects: T[]): Change<T>[] {
    const gone = new Set(this.#objects.keys());
    const changes: Change<T>[] = [];
    for (const object of objects) {
      const key = keyOfObject(object);
      gone.delete(key);
      const previous = this.#objects.get(key);
      if (previous === undefined || !isSame(object, previous)) changes.push(this.#put(key, object, previous));
    }
    for (const key of gone) changes.push(...this.delete(key));
    this.#isReady = true;
    this.#becomeReady();
    return changes;
  }

  /** Keeps the newer of this object and the one that is stored; the same version is no change. */
  set(object: T): Change<T>[] {
    const key = keyOfObject(object);
    const previous = this.#objects.get(key);
    if (previous !== undefined && !isNewer(object, previous)) return [];
    return [this.#put(key, object, previous)];
  }

  /**
   * Takes over the answer to a write of ours before the watch brings it, so that the next pass sees its own writes.
   * Only for an object that is stored: one that is not may be deleted already.
   */
  learn(object: T): Change<T>[] {
    const stored = this.#objects.get(keyOfObject(object));
    return stored !== undefined && stored.metadata.uid === object.metadata.uid ? this.set(object) : [];
  }

  delete(key: string): Change<T>[] {
    const previous = this.#objects.get(key);
    if (previous === undefined) return [];
    this.#reindex(key, previous, undefined);
    this.#objects.delete(key);
    return [{ key, previous }];
  }

  #put(key: string, object: T, previous: T | undefined): Change<T> {
    this.#reindex(key, previous, object);
    this.#objects.set(key, object);
    return { key, object, ...(previous && { previous }) };
  }

  #reindex(key: string, previous: T | undefined, next: T | undefined): void {
    for (const { values, keys } of this.#indexes.values()) {
      for (const value of previous ? values(previous) : []) {
        const group = keys.get(value);
        group?.delete(key);
        if (group?.size === 0) keys.delete(value);
      }
      for (const value of next ? values(next) : []) {
        const group = keys.get(value);
        if (group) group.add(key);
        else keys.set(value, new Set([key]));
      }
    }
  }
}

function isSame(object: KubeObject, stored: KubeObject): boolean {
  const { uid, resourceVersion } = stored.metadata;
  return object.metadata.uid === uid && object.metadata.resourceVersion === resourceVersion;
}

/** Versions of one object are numbers that grow (KEP-5504); another uid is another object, and the later news. */
function isNewer(object: KubeObject, stored: KubeObject): boolean {
  if (object.metadata.uid !== stored.metadata.uid) return true;
  return BigInt(object.metadata.resourceVersion ?? 0) > BigInt(stored.metadata.resourceVersion ?? 0);
}

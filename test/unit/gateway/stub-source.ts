import type { KubeObject } from "../../../src/api/meta.ts";
import type { ChangeHandler } from "../../../src/runtime/reflector.ts";
import { type Indexes, WritableStore } from "../../../src/runtime/store.ts";

/** What a reflector is to those who read it, filled by hand. */
export interface StubSource<T extends KubeObject, Index extends string> {
  store: WritableStore<T, Index>;
  subscribe: (handler: ChangeHandler<T>) => void;
  learn: (object: T) => void;
  /** Brings an object as the watch would. */
  show: (object: T) => void;
}

export function stubSource<T extends KubeObject, Index extends string>(
  indexes: Indexes<T, Index>,
): StubSource<T, Index> {
  const store = new WritableStore<T, Index>(indexes);
  const handlers: ChangeHandler<T>[] = [];
  const show = (object: T): void => {
    for (const change of store.set(object)) for (const handler of handlers) handler(change);
  };
  return { store, subscribe: (handler) => void handlers.push(handler), learn: show, show };
}

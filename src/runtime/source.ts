import type { KubeObject, ResourceKind } from "../api/meta.ts";
import { apiVersionOf } from "../api/meta.ts";
import { isDeepStrictEqual } from "node:util";
import { keyOf } from "./key.ts";
import type { Reflector } from "./reflector.ts";
import type { Change } from "./store.ts";

/** Where a controller's keys come from. */
export interface Source {
  readonly name: string;
  readonly ready: Promise<void>;
  /** The keys of all that is stored; one may come more than once. */
  keys(): Iterable<string>;
  /** `enqueue` is told the keys that a change concerns, `missed` that changes may have gone by unseen; see `Reflector.onGap`. */
  subscribe(enqueue: (key: string) => void, missed: () => void): void;
}

/**
 * The reconciled objects themselves, when they come, go, or differ in spec (generation), labels, annotations, finalizers or
 * deletion. A change of status alone is our own and no reason to look again.
 */
export function onSelf<T extends KubeObject, I extends string>(reflector: Reflector<T, I>): Source {
  return {
    ...known(reflector),
    keys: () => reflector.store.keys(),
    subscribe(enqueue, missed) {
      reflector.subscribe(({ key, object, previous }) => {
        if (object === undefined || previous === undefined || concerns(object, previous)) enqueue(key);
      });
      reflector.onGap(missed);
    },
  };
}

/** Objects that belong to a reconciled one by their controller owner reference: any change of theirs. */
export function onOwned<T extends KubeObject, I extends string>(
  reflector: Reflector<T, I>,
  owner: ResourceKind,
): Source {
  return onMapped(reflector, ({ metadata }) => {
    const reference = metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (reference === undefined || reference.kind !== owner.kind || reference.apiVersion !== apiVersionOf(owner))
      return [];
    return [
      keyOf({ ...(owner.namespaced && metadata.namespace && { namespace: metadata.namespace }), name: reference.name }),
    ];
  });
}

/**
 * Any objects: a change of one is a reason to look at the keys that it maps to, before and after; with `matters`, only such
 * a change.
 */
export function onMapped<T extends KubeObject, I extends string>(
  reflector: Reflector<T, I>,
  keysOf: (object: T) => string[],
  matters: (change: Change<T>) => boolean = () => true,
): Source {
  return {
    ...known(reflector),
    keys: () => [...reflector.store.values()].flatMap(keysOf),
    subscribe(enqueue, missed) {
      reflector.subscribe((change) => {
        if (!matters(change)) return;
        const { object, previous } = change;
        const keys = [...(previous ? keysOf(previous) : []), ...(object ? keysOf(object) : [])];
        for (const key of new Set(keys)) enqueue(key);
      });
      reflector.onGap(missed);
    },
  };
}

/** Objects that a pass has to know, though none of them is a reason for one. */
export function known<T extends KubeObject, I extends string>({ name, store }: Reflector<T, I>): Source {
  return { name, ready: store.ready, keys: () => [], subscribe: () => {} };
}

function concerns({ metadata: now }: KubeObject, { metadata: before }: KubeObject): boolean {
  return (
    now.uid !== before.uid ||
    now.generation === undefined ||
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    !isDeepStrictEqual(now.labels, before.labels) ||
    !isDeepStrictEqual(now.annotations, before.annotations) ||
    !isDeepStrictEqual(now.finalizers, before.finalizers)
  );
}

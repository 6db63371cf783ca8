import { describe, expect, test, vi } from "vitest";
import type { KubeObject, ResourceKind } from "../../../src/api/meta.ts";
import { POD } from "../../../src/kube/objects.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { known, onMapped, onOwned, onSelf, type Source } from "../../../src/runtime/source.ts";
import type { Change } from "../../../src/runtime/store.ts";
import { MemoryKube } from "../../support/memory-kube.ts";

const THING: ResourceKind = { group: "example.com", version: "v1", kind: "Thing", plural: "things", namespaced: true };

const base = {
  namespace: "ns",
  name: "a",
  uid: "1",
  generation: 1,
  labels: { app: "x" },
  annotations: { note: "y" },
  finalizers: ["f"],
};

/** The keys that a source makes of one change. */
function keysOf(
  sourceOf: (reflector: Reflector<KubeObject>) => Source,
  change: Omit<Change<KubeObject>, "key">,
): string[] {
  const reflector = new Reflector<KubeObject>(new MemoryKube(), POD);
  const handlers: ((change: Change<KubeObject>) => void)[] = [];
  reflector.subscribe = (handler) => handlers.push(handler);
  const keys: string[] = [];
  sourceOf(reflector).subscribe(
    (key) => keys.push(key),
    () => {},
  );
  for (const handler of handlers) handler({ key: "ns/a", ...change });
  return keys;
}

function object(change: Partial<KubeObject["metadata"]> = {}): KubeObject {
  return { metadata: { ...base, ...change } };
}

describe("a source of the objects themselves", () => {
  test.each([
    { name: "when it comes", change: { object: object() }, looks: true },
    { name: "when it goes", change: { previous: object() }, looks: true },
    { name: "when its spec changes", change: { previous: object(), object: object({ generation: 2 }) }, looks: true },
    { name: "when a label changes", change: { previous: object(), object: object({ labels: {} }) }, looks: true },
    {
      name: "when an annotation changes",
      change: { previous: object(), object: object({ annotations: {} }) },
      looks: true,
    },
    {
      name: "when a finalizer changes",
      change: { previous: object(), object: object({ finalizers: [] }) },
      looks: true,
    },
    {
      name: "when its deletion begins",
      change: { previous: object(), object: object({ deletionTimestamp: "now" }) },
      looks: true,
    },
    {
      name: "when it is another incarnation",
      change: { previous: object(), object: object({ uid: "2" }) },
      looks: true,
    },
    {
      name: "when only its status changes",
      change: { previous: object(), object: object({ resourceVersion: "9" }) },
      looks: false,
    },
  ])("looks $name: $looks", ({ change, looks }) => {
    expect(keysOf(onSelf, change)).toEqual(looks ? ["ns/a"] : []);
  });
});

describe("a source of owned objects", () => {
  const reference = { apiVersion: "example.com/v1", kind: "Thing", name: "owner", uid: "9", controller: true };

  test.each([
    { name: "by its controller", reference, keys: ["ns/owner"] },
    { name: "not by an owner that does not control it", reference: { ...reference, controller: false }, keys: [] },
    { name: "not by another kind", reference: { ...reference, kind: "Other" }, keys: [] },
    { name: "not by another group", reference: { ...reference, apiVersion: "v1" }, keys: [] },
  ])("names the owner $name", ({ reference, keys }) => {
    const change = { object: object({ ownerReferences: [reference] }) };
    expect(keysOf((reflector) => onOwned(reflector, THING), change)).toEqual(keys);
  });
});

/** A reflector that has listed these objects. */
async function listed(...objects: KubeObject[]) {
  const kube = new MemoryKube();
  for (const stored of objects) kube.put(POD, stored);
  const reflector = new Reflector<KubeObject>(kube, POD);
  const end = new AbortController();
  const running = reflector.run(end.signal);
  await reflector.store.ready;
  return { reflector, [Symbol.asyncDispose]: () => (end.abort(), running) };
}

describe("a source of anything", () => {
  test.each([
    { name: "the objects' own", sourceOf: onSelf, keys: ["ns/a", "ns/b"] },
    { name: "what they map to", sourceOf: byLabels, keys: ["x", "x"] },
    { name: "none where they are only known", sourceOf: known, keys: [] },
  ])("has the keys of all that is stored: $name", async ({ sourceOf, keys }) => {
    await using listing = await listed(object(), object({ name: "b" }));
    expect([...sourceOf(listing.reflector).keys()]).toEqual(keys);
  });

  test.each([
    { name: "the objects themselves", sourceOf: onSelf },
    { name: "mapped objects", sourceOf: byLabels },
  ])("passes on that changes may have gone by unseen: $name", ({ sourceOf }) => {
    const reflector = new Reflector<KubeObject>(new MemoryKube(), POD);
    const gaps: (() => void)[] = [];
    reflector.onGap = (handler) => gaps.push(handler);
    const missed = vi.fn<() => void>();
    sourceOf(reflector).subscribe(() => {}, missed);
    for (const gap of gaps) gap();
    expect(missed).toHaveBeenCalledOnce();
  });
});

function byLabels(reflector: Reflector<KubeObject>): Source {
  return onMapped(reflector, ({ metadata }) => Object.values(metadata.labels ?? {}));
}

describe("a source of mapped objects", () => {
  test("names the keys before and after a change, each once", () => {
    const previous = object({ labels: { a: "1", b: "2" } });
    expect(keysOf(byLabels, { previous, object: object({ labels: { a: "2", b: "3" } }) })).toEqual(["1", "2", "3"]);
  });
});

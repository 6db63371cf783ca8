import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/api/meta.ts";
import { WritableStore } from "../../../src/runtime/store.ts";

function object(name: string, resourceVersion: number, app = "x", uid = `uid-${name}`): KubeObject {
  return { metadata: { namespace: "ns", name, uid, resourceVersion: String(resourceVersion), labels: { app } } };
}

const indexes = { app: ({ metadata }: KubeObject) => Object.values(metadata.labels ?? {}) };

function storeOf(...objects: KubeObject[]): WritableStore<KubeObject, "app"> {
  const store = new WritableStore<KubeObject, "app">(indexes);
  store.replaceAll(objects);
  return store;
}

describe("a store", () => {
  test("is ready after the first list, an empty one too", async () => {
    const store = new WritableStore();
    expect(store.isReady).toBe(false);
    store.replaceAll([]);
    expect(store.isReady).toBe(true);
    await store.ready;
  });

  test("reports of a list what came, went and changed, and nothing else", () => {
    const store = storeOf(object("same", 1), object("changed", 1), object("gone", 1));
    const changes = store.replaceAll([object("same", 1), object("changed", 2), object("new", 3)]);
    expect(changes.map(({ key, object, previous }) => [key, object !== undefined, previous !== undefined])).toEqual([
      ["ns/changed", true, true],
      ["ns/new", true, false],
      ["ns/gone", false, true],
    ]);
  });

  test("believes a list whose versions went backwards, as after a restored backup", () => {
    const store = storeOf(object("a", 900));
    expect(store.replaceAll([object("a", 5)])).toHaveLength(1);
    expect(store.get("ns/a")?.metadata.resourceVersion).toBe("5");
  });

  test.each([
    { name: "newer", version: 12, changes: 1, kept: "12" },
    { name: "as old", version: 11, changes: 0, kept: "11" },
    { name: "older, though a greater string", version: 9, changes: 0, kept: "11" },
  ])("takes an event's object only if it is newer: $name", ({ version, changes, kept }) => {
    const store = storeOf(object("a", 11));
    expect(store.set(object("a", version))).toHaveLength(changes);
    expect(store.get("ns/a")?.metadata.resourceVersion).toBe(kept);
  });

  test("takes another incarnation whatever its version", () => {
    const store = storeOf(object("a", 11));
    expect(store.set(object("a", 3, "x", "other"))).toHaveLength(1);
  });

  test("learns of a write of ours, and the event that follows is no change", () => {
    const store = storeOf(object("a", 1));
    store.learn(object("a", 2));
    expect(store.get("ns/a")?.metadata.resourceVersion).toBe("2");
    expect(store.set(object("a", 2))).toEqual([]);
  });

  test("does not learn of what it does not have, which may be deleted already", () => {
    const store = storeOf();
    store.learn(object("a", 2));
    expect(store.size).toBe(0);
  });

  test("does not learn of another incarnation", () => {
    const store = storeOf(object("a", 5));
    store.learn(object("a", 9, "x", "other"));
    expect(store.get("ns/a")?.metadata.uid).toBe("uid-a");
  });

  test("finds objects by index through changes and deletions", () => {
    const store = storeOf(object("a", 1, "x"), object("b", 1, "x"), object("c", 1, "y"));
    const names = (app: string) => store.by("app", app).map(({ metadata }) => metadata.name);
    expect(names("x")).toEqual(["a", "b"]);
    store.set(object("a", 2, "y"));
    store.delete("ns/b");
    expect(names("x")).toEqual([]);
    expect(names("y").toSorted()).toEqual(["a", "c"]);
    expect(names("z")).toEqual([]);
  });

  test("gives the objects of an index one after the other, and looks no further than is asked", () => {
    const store = storeOf(object("a", 1, "x"), object("b", 1, "x"), object("c", 1, "y"));
    const objects = store.each("app", "x");
    expect(objects.next().value?.metadata.name).toBe("a");
    store.delete("ns/b");
    expect(objects.next().done).toBe(true);
    expect([...store.each("app", "z")]).toEqual([]);
  });

  test("reports the deletion of what it does not have as no change", () => {
    expect(storeOf().delete("ns/a")).toEqual([]);
  });
});

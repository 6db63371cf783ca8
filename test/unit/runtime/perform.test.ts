import { describe, expect, test } from "vitest";
import type { KubeObject, ResourceKind } from "../../../src/api/meta.ts";
import { CONFIG_MAP, POD, type ConfigMap, type Pod } from "../../../src/kube/objects.ts";
import { perform, specHashAnnotation, type Performer } from "../../../src/runtime/perform.ts";
import type { Plan, PlannedEvent } from "../../../src/runtime/plan.ts";
import { WritableStore } from "../../../src/runtime/store.ts";
import { MemoryKube, refused } from "../../support/memory-kube.ts";

type Thing = KubeObject & { spec?: object; status?: { phase: string; exitCode?: number | undefined } };
const THING: ResourceKind<Thing> = {
  group: "example.com",
  version: "v1",
  kind: "Thing",
  plural: "things",
  namespaced: true,
};

const nothing: Plan<Thing> = { apply: [], remove: [], events: [] };
const started: PlannedEvent = { type: "Normal", reason: "Started", message: "It runs" };

function child(data: string): ConfigMap {
  return { metadata: { namespace: "ns", name: "child" }, data: { data } };
}

function podOf(owner: KubeObject): Pod {
  const ownerReferences = [{ apiVersion: "example.com/v1", kind: "Thing", name: "a", uid: owner.metadata.uid ?? "" }];
  return { metadata: { namespace: "ns", name: "a", ownerReferences }, spec: { containers: [] } };
}

/** A thing `ns/a` on a server, with stores that follow each write at once. */
function world() {
  const kube = new MemoryKube();
  const thing = kube.put(THING, { metadata: { namespace: "ns", name: "a" }, status: { phase: "Created" } });
  const recorded: string[] = [];
  const performer: Performer = {
    kube,
    recorder: { record: (_, object, event) => recorded.push(`${object.metadata.name} ${event.reason}`) },
    caches: [cacheOf(THING, kube), cacheOf(CONFIG_MAP, kube), cacheOf(POD, kube)],
  };
  return { kube, thing, recorded, performer };
}

function cacheOf(kind: ResourceKind, kube: MemoryKube) {
  const store = new WritableStore();
  const get = (key: string) => {
    const [namespace = "", name = ""] = key.split("/");
    return store.get(key) ?? kube.peek(kind, { namespace, name });
  };
  return { kind, store: { get }, learn: (object: KubeObject) => store.learn(object) };
}

describe("perform", () => {
  test("does a plan in its order: apply, remove, status, events, finalizers", async () => {
    const { kube, thing, recorded, performer } = world();
    const pod = kube.put(POD, { ...podOf(thing), metadata: { ...podOf(thing).metadata, finalizers: ["x"] } });
    const old = kube.put(CONFIG_MAP, { metadata: { namespace: "ns", name: "old" } });
    const plan: Plan<Thing> = {
      apply: [{ kind: CONFIG_MAP, object: child("1") }],
      remove: [{ kind: CONFIG_MAP, name: { namespace: "ns", name: "old" }, uid: old.metadata.uid ?? "" }],
      finalizers: [
        {
          kind: POD,
          name: { namespace: "ns", name: "a" },
          resourceVersion: pod.metadata.resourceVersion ?? "",
          finalizers: [],
        },
      ],
      status: { phase: "Started" },
      events: [started],
    };
    await perform(plan, THING, thing, performer);
    expect(kube.calls).toEqual([
      "apply configmaps ns/child",
      "delete configmaps ns/old",
      "apply-status things ns/a",
      "patch pods ns/a",
    ]);
    expect(kube.peek(POD, { namespace: "ns", name: "a" })?.metadata.finalizers).toEqual([]);
    expect(recorded).toEqual(["a Started"]);
  });

  test("asks for nothing when everything is as planned", async () => {
    const { kube, thing, performer } = world();
    const plan: Plan<Thing> = {
      ...nothing,
      apply: [
        { kind: CONFIG_MAP, object: child("1") },
        { kind: POD, object: podOf(thing), createOnly: true },
      ],
      status: { phase: "Created" },
    };
    await perform(plan, THING, thing, performer);
    kube.calls.length = 0;
    await perform(plan, THING, thing, performer);
    expect(kube.calls).toEqual([]);
  });

  test("applies again what is planned differently", async () => {
    const { kube, thing, performer } = world();
    await perform({ ...nothing, apply: [{ kind: CONFIG_MAP, object: child("1") }] }, THING, thing, performer);
    const before = kube.peek(CONFIG_MAP, { namespace: "ns", name: "child" });
    await perform({ ...nothing, apply: [{ kind: CONFIG_MAP, object: child("2") }] }, THING, thing, performer);
    const after = kube.peek(CONFIG_MAP, { namespace: "ns", name: "child" });
    expect(after?.data).toEqual({ data: "2" });
    expect(after?.metadata.annotations?.[specHashAnnotation]).not.toBe(
      before?.metadata.annotations?.[specHashAnnotation],
    );
  });

  describe("an object that is to have its spec alone", () => {
    const spec = { to: "nobody" };
    const named = { namespace: "ns", name: "b" };
    const plan: Plan<Thing> = {
      ...nothing,
      apply: [{ kind: THING, object: { metadata: named, spec } as Thing, wholeSpec: true }],
    };

    test.each<[what: string, added: object, calls: string[]]>([
      ["is applied where others have added nothing", {}, ["apply things ns/b"]],
      [
        "is replaced where what others have added stays after it was applied",
        { egress: [{}] },
        ["apply things ns/b", "replace things ns/b"],
      ],
    ])("%s", async (_what, added, calls) => {
      const { kube, thing, performer } = world();
      const apply = kube.apply.bind(kube);
      // By the rules of server-side apply, fields of others stay.
      kube.apply = async (kind, object, options) => {
        const written = await apply(kind, object, options);
        return kube.put(kind, { ...written, spec: { ...spec, ...added } });
      };
      await perform(plan, THING, thing, performer);
      expect(kube.calls).toEqual(calls);
      const stored = kube.peek(THING, named);
      expect(stored?.spec).toEqual(spec);
      expect(stored?.metadata.annotations).toHaveProperty([specHashAnnotation]);
    });
  });

  test("does not write a status that is the same but for undefined keys", async () => {
    const { kube, thing, performer } = world();
    await perform({ ...nothing, status: { phase: "Created", exitCode: undefined } }, THING, thing, performer);
    expect(kube.calls).toEqual([]);
  });

  test("names the incarnation in a status write, so that a successor does not inherit it", async () => {
    const { kube, thing, performer } = world();
    const bodies: KubeObject[] = [];
    const apply = kube.apply.bind(kube);
    kube.apply = (kind, object, options) => (bodies.push(object), apply(kind, object, options));
    await perform({ ...nothing, status: { phase: "Ready" } }, THING, thing, performer);
    expect(bodies[0]?.metadata.uid).toBe(thing.metadata.uid);
  });

  test("takes an object that is gone for done", async () => {
    const { kube, thing, recorded, performer } = world();
    kube.objects.clear();
    await perform({ ...nothing, status: { phase: "Ready" }, events: [started] }, THING, thing, performer);
    expect(recorded).toEqual(["a Started"]);
  });

  test("takes an incarnation that is gone for removed", async () => {
    const { kube, thing, performer } = world();
    kube.put(CONFIG_MAP, { metadata: { namespace: "ns", name: "old", uid: "new one" } });
    const remove = [{ kind: CONFIG_MAP, name: { namespace: "ns", name: "old" }, uid: "old one" }];
    await perform({ ...nothing, remove }, THING, thing, performer);
    expect(kube.peek(CONFIG_MAP, { namespace: "ns", name: "old" })?.metadata.uid).toBe("new one");
  });

  describe("finds the name of a created object taken", () => {
    const cases = [
      { name: "by itself, in an earlier pass", change: {}, error: undefined },
      { name: "by something else", change: { ownerReferences: [] }, error: "belongs to something else" },
      {
        name: "by one that is being deleted",
        change: { deletionTimestamp: "2026-01-01T00:00:00Z" },
        error: "being deleted",
      },
    ];
    test.each(cases)("$name", async ({ change, error }) => {
      const { kube, thing, performer } = world();
      const pod = podOf(thing);
      kube.put(POD, { ...pod, metadata: { ...pod.metadata, ...change } });
      const plan: Plan<Thing> = { ...nothing, apply: [{ kind: POD, object: pod, createOnly: true }] };
      const done = perform(plan, THING, thing, { ...performer, caches: [] });
      if (error === undefined) await done;
      else await expect(done).rejects.toThrow(error);
    });
  });

  test("refuses to change finalizers of an object that has changed since, and has recorded the Events", async () => {
    const { recorded, kube, thing, performer } = world();
    const pod = podOf(thing);
    kube.put(POD, { ...pod, metadata: { ...pod.metadata, finalizers: ["x"] } });
    const finalizers = [{ kind: POD, name: { namespace: "ns", name: "a" }, resourceVersion: "0", finalizers: [] }];
    const plan = { ...nothing, finalizers, events: [started] };
    await expect(perform(plan, THING, thing, performer)).rejects.toThrow("Conflict");
    expect(recorded).toEqual(["a Started"]);
  });

  test.each([
    { failing: "apply configmaps", calls: ["apply configmaps ns/child"] },
    { failing: "apply-status", calls: ["apply configmaps ns/child", "apply-status things ns/a"] },
  ])("stops where $failing fails, and records no event", async ({ failing, calls }) => {
    const { kube, thing, recorded, performer } = world();
    kube.onCall = (call) => {
      if (call.startsWith(failing)) throw refused(500, "InternalError", THING, { name: "a" });
    };
    const apply = [{ kind: CONFIG_MAP, object: child("1") }];
    const plan: Plan<Thing> = { ...nothing, apply, status: { phase: "Ready" }, events: [started] };
    await expect(perform(plan, THING, thing, performer)).rejects.toThrow("InternalError");
    expect(kube.calls).toEqual(calls);
    expect(recorded).toEqual([]);
  });
});

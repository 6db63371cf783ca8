import { beforeEach, describe, expect, it, vi } from "vitest";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import { type Access, targetOf } from "../../../src/gateway/sandboxes/targets.ts";
import { keyOfObject } from "../../../src/runtime/key.ts";
import type { ChangeHandler } from "../../../src/runtime/reflector.ts";
import { WritableStore } from "../../../src/runtime/store.ts";
import { eventually } from "../../support/eventually.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

const name = { namespace: "ns", name: "a" };
const status = { phase: "Started", startedAt: "2026-01-01T00:00:10.000000Z", podName: "a" } as const;
const finished = { phase: "Finished", reason: "Completed", exitCode: 0 } as const;

let kube: MemoryKube;
let directory: SandboxDirectory;
let show: (sandbox: Sandbox) => void;
let hide: (sandbox: Sandbox) => void;

beforeEach(() => {
  kube = new MemoryKube();
  const store = new WritableStore<Sandbox, "namespace">({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  const handlers: ChangeHandler<Sandbox>[] = [];
  let version = 0;
  show = (sandbox) => {
    const object = { ...sandbox, metadata: { ...sandbox.metadata, resourceVersion: String(++version) } };
    for (const change of store.set(object)) for (const handler of handlers) handler(change);
  };
  hide = (sandbox) => {
    for (const change of store.delete(keyOfObject(sandbox))) for (const handler of handlers) handler(change);
  };
  directory = new SandboxDirectory(
    { store, subscribe: (handler) => void handlers.push(handler), learn: (sandbox) => store.learn(sandbox) },
    kube,
  );
});

function target(
  seconds = 300,
  signal = new AbortController().signal,
  access: Access = "write",
): ReturnType<typeof targetOf> {
  return targetOf(directory, name, access, seconds, signal);
}

describe("targetOf", () => {
  it("asks nobody about a sandbox that the store shows running", async () => {
    show(aSandbox({ status }));
    expect(await target()).toEqual({ namespace: "ns", pod: "a", uid: "uid-1" });
    expect(kube.calls).toEqual([]);
  });

  it("waits for the start of one on its way, woken by the store alone", async () => {
    show(aSandbox());
    const wanted = target();
    show(aSandbox({ status: { phase: "Scheduled" } }));
    show(aSandbox({ status }));
    expect(await wanted).toMatchObject({ pod: "a" });
    expect(kube.calls).toEqual([]);
  });

  it("finds one that the store does not show yet, and waits for it", async () => {
    kube.put(SANDBOX, aSandbox());
    const wanted = target();
    await eventually(() => expect(kube.calls).toEqual(["get sandboxes ns/a"]));
    show(aSandbox({ status }));
    expect(await wanted).toMatchObject({ pod: "a" });
  });

  it("asks again about one that the store never shows, as while its watch is broken", async () => {
    vi.useFakeTimers();
    try {
      kube.put(SANDBOX, aSandbox());
      const wanted = target();
      await vi.advanceTimersByTimeAsync(1_000);
      kube.put(SANDBOX, aSandbox({ status }));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await wanted).toMatchObject({ pod: "a" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("says that there is none only when the API server does", async () => {
    await expect(target()).rejects.toMatchObject({ code: "not_found", message: 'There is no sandbox "ns/a"' });
  });

  it("says how one ended", async () => {
    show(aSandbox({ status: finished }));
    kube.put(SANDBOX, aSandbox({ status: finished }));
    await expect(target()).rejects.toMatchObject({ code: "failed_precondition", details: { reason: "Completed" } });
  });

  it.each<[what: string, ending: Parameters<typeof aSandbox>[0]]>([
    ["terminated", { spec: { desiredState: "Terminated" } }],
    ["deleted", { deletionTimestamp: "2026-01-01T00:00:20Z" }],
  ])("leaves one that is being %s to readers only, as long as it has not finished", async (_, ending) => {
    const read = () => target(300, undefined, "read");
    const begun = aSandbox({ ...ending, status });
    show(begun);
    kube.put(SANDBOX, begun);
    expect(await read()).toMatchObject({ pod: "a" });
    await expect(target()).rejects.toMatchObject({ code: "failed_precondition" });
    for (const over of [aSandbox({ ...ending, status: finished }), aSandbox(ending)]) {
      show(over);
      kube.put(SANDBOX, over);
      await expect(read()).rejects.toMatchObject({ code: "failed_precondition" });
    }
  });

  it("does not take an earlier sandbox's end for that of a new one of its name", async () => {
    show(aSandbox({ status: finished }));
    kube.put(SANDBOX, aSandbox({ uid: "uid-2" }));
    const wanted = target();
    await eventually(() => expect(kube.calls).toHaveLength(1));
    show(aSandbox({ uid: "uid-2", status }));
    expect(await wanted).toMatchObject({ uid: "uid-2" });
  });

  it.each<[what: string, end: () => void, code: string]>([
    ["finishes", () => show(aSandbox({ status: finished })), "failed_precondition"],
    ["is terminated", () => show(aSandbox({ spec: { desiredState: "Terminated" } })), "failed_precondition"],
    ["is being deleted", () => show(aSandbox({ deletionTimestamp: "2026-01-01T00:00:20Z" })), "failed_precondition"],
    ["is gone", () => hide(aSandbox()), "not_found"],
  ])("ends the wait when the sandbox %s", async (_, end, code) => {
    show(aSandbox());
    const wanted = target();
    end();
    await expect(wanted).rejects.toMatchObject({ code });
  });

  it("gives up after the client's time, and when the client goes", async () => {
    show(aSandbox());
    await expect(target(0.01)).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: 'Sandbox "ns/a" did not start within 0.01 s',
    });
    const going = new AbortController();
    const wanted = target(300, going.signal);
    going.abort(new Error("gone"));
    await expect(wanted).rejects.toThrow("gone");
  });
});

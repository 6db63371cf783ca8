import { describe, expect, test } from "vitest";
import { Leader } from "../../../src/runtime/leader.ts";
import { Manager, type Runnable } from "../../../src/runtime/manager.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";

/** Something that runs until it is told to stop, and notes both. */
function part(name: string, notes: string[], isReady = true): Runnable & { store: { isReady: boolean } } {
  return {
    store: { isReady },
    async run(signal) {
      notes.push(`${name} runs`);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      notes.push(`${name} stopped`);
    },
  };
}

describe("a manager", () => {
  test("runs everything until it is told to stop", async () => {
    const notes: string[] = [];
    const manager = new Manager({ reflectors: [part("pods", notes)], controllers: [part("sandbox", notes)] });
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    expect(notes).toEqual(["pods runs", "sandbox runs"]);
    stop.abort();
    await running;
    expect(notes.slice(2).toSorted()).toEqual(["pods stopped", "sandbox stopped"]);
  });

  test("stops everything when one part fails, and fails as it did", async () => {
    const notes: string[] = [];
    const broken = { run: () => Promise.reject(new Error("broken")) };
    const manager = new Manager({ reflectors: [part("pods", notes)], controllers: [part("sandbox", notes), broken] });
    await expect(manager.run(new AbortController().signal)).rejects.toThrow("broken");
    expect(notes.filter((note) => note.endsWith("stopped")).toSorted()).toEqual(["pods stopped", "sandbox stopped"]);
  });

  test.each([
    { stores: [], ready: true },
    { stores: [true, true], ready: true },
    { stores: [true, false], ready: false },
  ])("with stores that are $stores is ready: $ready", ({ stores, ready }) => {
    const manager = new Manager({ reflectors: stores.map((isReady) => part("x", [], isReady)), controllers: [] });
    expect(manager.isReady).toBe(ready);
  });

  test("runs controllers only while it leads, and stops them before it gives the lease back", async () => {
    const notes: string[] = [];
    const kube = new MemoryKube();
    const leader = new Leader({ kube, namespace: "ns", name: "operator", identity: "a", log: silentLog });
    const manager = new Manager({ reflectors: [part("pods", notes)], controllers: [part("sandbox", notes)], leader });
    kube.onCall = (call) => {
      if (call.startsWith("create") || call.startsWith("replace")) notes.push(call);
    };
    const stop = new AbortController();
    const running = manager.run(stop.signal);
    while (!notes.includes("sandbox runs")) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await running;
    expect(notes.filter((note) => !note.startsWith("pods"))).toEqual([
      "create leases ns/operator",
      "sandbox runs",
      "sandbox stopped",
      "replace leases ns/operator",
    ]);
  });
});

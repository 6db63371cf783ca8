import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionError } from "../../../src/kube/api-error.ts";
import { metrics } from "../../../src/metrics.ts";
import { Controller, type ControllerOptions } from "../../../src/runtime/controller.ts";
import type { Source } from "../../../src/runtime/source.ts";
import { TerminalError } from "../../../src/runtime/terminal-error.ts";
import { silentLog } from "../../support/silent-log.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A controller that runs, and the keys that it worked on. */
function running(reconcile: ControllerOptions["reconcile"], options: Partial<ControllerOptions> = {}) {
  const passes: string[] = [];
  const stop = new AbortController();
  const counted: ControllerOptions["reconcile"] = (key, pass) => {
    passes.push(key);
    return reconcile(key, pass);
  };
  const controller = new Controller({ name: "test", sources: [], log: silentLog, ...options, reconcile: counted });
  const done = controller.run(stop.signal);
  return { controller, passes, stop: () => (stop.abort(), done) };
}

/** A source whose news a test makes. */
function sourceOf(stored: string[], ready: Promise<void> = Promise.resolve()) {
  let tell: Parameters<Source["subscribe"]> | undefined;
  const source: Source = { name: "x", ready, keys: () => stored, subscribe: (...handlers) => (tell = handlers) };
  return { source, changed: (key: string) => tell?.[0](key), missed: () => tell?.[1]() };
}

describe("a controller", () => {
  test("waits until its sources are ready", async () => {
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const { source } = sourceOf(["b"], ready);
    const { controller, passes, stop } = running(async () => {}, { sources: [source] });
    controller.trigger("a");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(passes).toEqual([]);
    resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(passes).toEqual(["a", "b"]);
    await stop();
  });

  test("begins with all that is stored, and keeps nothing of what came before: a standby may wait for long", async () => {
    const { source, changed } = sourceOf(["a", "b"]);
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const { passes, stop } = running(async () => {}, { sources: [source, sourceOf(["b", "c"], ready).source] });
    changed("long gone");
    resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(passes).toEqual(["a", "b", "c"]);
    await stop();
  });

  test("looks at what a change concerns, and at everything again when changes may have gone by unseen", async () => {
    const one = sourceOf(["a"]);
    const other = sourceOf(["b"]);
    const { passes, stop } = running(async () => {}, { sources: [one.source, other.source] });
    await vi.advanceTimersByTimeAsync(0);
    passes.length = 0;
    one.changed("c");
    other.missed();
    await vi.advanceTimersByTimeAsync(0);
    expect(passes).toEqual(["c", "a", "b"]);
    await stop();
  });

  test("stops also while its sources are not ready", async () => {
    const never = new Promise<void>(() => {});
    const { stop } = running(async () => {}, { sources: [sourceOf([], never).source] });
    await stop();
  });

  test("looks again when the pass asks for it", async () => {
    const { controller, passes, stop } = running(async () => ({ requeueAfter: 1_000 }));
    controller.trigger("a");
    await vi.advanceTimersByTimeAsync(3_500);
    expect(passes).toHaveLength(4);
    await stop();
  });

  test("tries a key again until it succeeds, and goes on with others meanwhile", async () => {
    let failures = 6;
    const { controller, passes, stop } = running(
      async (key) => {
        if (key === "bad" && failures-- > 0) throw new Error("not yet");
      },
      { workers: 1 },
    );
    controller.trigger("bad");
    controller.trigger("good");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(passes.slice(0, 2)).toEqual(["bad", "good"]);
    expect(passes.filter((key) => key === "bad")).toHaveLength(7);
    await stop();
  });

  test("is back within seconds of the API server, however long that was out of reach", async () => {
    let isUp = false;
    const { controller, passes, stop } = running(async () => {
      if (!isUp) throw new ConnectionError("connect ECONNREFUSED");
    });
    controller.trigger("a");
    await vi.advanceTimersByTimeAsync(600_000);
    isUp = true;
    passes.length = 0;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(passes).toEqual(["a"]);
    await stop();
  });

  test("survives a reconcile that throws before its first await", async () => {
    let thrown = false;
    const { controller, passes, stop } = running(() => {
      if (thrown) return Promise.resolve();
      thrown = true;
      throw new Error("synchronous");
    });
    controller.trigger("a");
    await vi.advanceTimersByTimeAsync(100);
    expect(passes).toEqual(["a", "a"]);
    await stop();
  });

  test("waits for a change after a terminal error", async () => {
    const { controller, passes, stop } = running(async () => {
      throw new TerminalError("no such class: make one");
    });
    controller.trigger("a");
    await vi.advanceTimersByTimeAsync(100_000);
    expect(passes).toEqual(["a"]);
    controller.trigger("a");
    await vi.advanceTimersByTimeAsync(0);
    expect(passes).toEqual(["a", "a"]);
    await stop();
  });

  test("works on several keys at once, and on one key never twice at once", async () => {
    let most = 0;
    const now = new Map<string, number>();
    const { controller, passes, stop } = running(
      async (key) => {
        now.set(key, (now.get(key) ?? 0) + 1);
        most = Math.max(most, now.size);
        expect(now.get(key)).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 10));
        now.delete(key);
      },
      { workers: 3 },
    );
    for (const key of ["a", "b", "c", "d"]) controller.trigger(key);
    await vi.advanceTimersByTimeAsync(1);
    controller.trigger("a");
    await vi.advanceTimersByTimeAsync(100);
    expect(most).toBe(3);
    expect(passes.toSorted()).toEqual(["a", "a", "b", "c", "d"]);
    await stop();
  });

  test("finishes the pass under way before it stops, and begins no other", async () => {
    let finished = 0;
    const { controller, passes, stop } = running(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        finished++;
      },
      { workers: 1 },
    );
    controller.trigger("a");
    controller.trigger("b");
    await vi.advanceTimersByTimeAsync(10);
    const stopped = stop();
    await vi.advanceTimersByTimeAsync(50);
    await stopped;
    expect([passes, finished]).toEqual([["a"], 1]);
  });

  test("has its metrics at zero from the start", async () => {
    const { stop } = running(async () => {}, { name: "quiet" });
    const text = await metrics.metrics();
    for (const result of ["success", "requeue", "conflict", "error", "terminal"]) {
      expect(text).toContain(`sandkeep_reconciles_total{controller="quiet",result="${result}"} 0`);
    }
    expect(text).toContain(`sandkeep_queue_depth{controller="quiet"} 0`);
    await stop();
  });
});

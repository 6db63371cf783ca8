import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Queue } from "../../../src/runtime/queue.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The keys that workers would get now, each finished at once. */
async function drain(queue: Queue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.next();
    if (key === undefined) break;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe("a queue", () => {
  test("hands out keys in the order in which they came, each once", async () => {
    const queue = new Queue();
    for (const key of ["b", "a", "b", "c", "a"]) queue.add(key);
    expect(await drain(queue)).toEqual(["b", "a", "c"]);
  });

  test("gives a key to the worker that waits for one", async () => {
    const queue = new Queue();
    const first = queue.next();
    const second = queue.next();
    queue.add("a");
    queue.add("b");
    expect(await Promise.all([first, second])).toEqual(["a", "b"]);
  });

  test("never gives a key that is processed to a second worker, but once more when it is done", async () => {
    const queue = new Queue();
    queue.add("a");
    await queue.next();
    queue.add("a");
    queue.add("a");
    expect(queue.depth).toBe(0);
    queue.done("a");
    expect(await drain(queue)).toEqual(["a"]);
  });

  test("adds a delayed key at its time and not before", async () => {
    const queue = new Queue();
    queue.addAfter("a", 1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(queue.depth).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(await drain(queue)).toEqual(["a"]);
  });

  test.each([
    { first: 1_000, second: 200 },
    { first: 200, second: 1_000 },
  ])("of the delays $first and $second the earlier counts, once", async ({ first, second }) => {
    const queue = new Queue();
    queue.addAfter("a", first);
    queue.addAfter("a", second);
    await vi.advanceTimersByTimeAsync(200);
    expect(await drain(queue)).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await drain(queue)).toEqual([]);
  });

  test("drops the planned look when a pass begins, because the pass plans the next", async () => {
    const queue = new Queue();
    queue.addAfter("a", 1_000);
    queue.add("a");
    expect(await drain(queue)).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(queue.depth).toBe(0);
  });

  test("doubles the pause before each retry of a key up to a minute, and starts again after success", async () => {
    const queue = new Queue();
    const pauses: number[] = [];
    const retry = async () => {
      const before = performance.now();
      queue.retry("a");
      while (queue.depth === 0) await vi.advanceTimersToNextTimerAsync();
      pauses.push(Math.round(performance.now() - before));
      await drain(queue);
    };
    for (let i = 0; i < 15; i++) await retry();
    expect(pauses.slice(0, 5)).toEqual([10, 20, 40, 80, 160]);
    expect(pauses.slice(-2)).toEqual([60_000, 60_000]);
    expect(queue.failures("a")).toBe(13);
    queue.forget("a");
    await retry();
    expect(pauses.at(-1)).toBe(10);
  });

  test("lengthens the pauses no further than asked for, nor those that follow", async () => {
    const queue = new Queue();
    for (let i = 0; i < 50; i++) queue.retry("a", 100);
    await vi.advanceTimersByTimeAsync(100);
    expect(await drain(queue)).toEqual(["a"]);
    queue.retry("a");
    await vi.advanceTimersByTimeAsync(160);
    expect(await drain(queue)).toEqual(["a"]);
  });

  test("keeps the pauses of one key from another", async () => {
    const queue = new Queue();
    for (let i = 0; i < 5; i++) queue.retry("bad");
    queue.retry("good");
    await vi.advanceTimersByTimeAsync(10);
    expect(await drain(queue)).toContain("good");
  });

  test("wakes early rather than at once for what lies beyond the longest timer", async () => {
    const queue = new Queue();
    queue.addAfter("a", 60 * 86_400_000);
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(queue.depth).toBe(0);
    await vi.advanceTimersByTimeAsync(24 * 86_400_000);
    expect(queue.depth).toBe(1);
  });

  test("does not notice when the wall clock jumps", async () => {
    const queue = new Queue();
    queue.addAfter("a", 1_000);
    vi.setSystemTime(new Date("2036-01-01"));
    await vi.advanceTimersByTimeAsync(999);
    expect(queue.depth).toBe(0);
    vi.setSystemTime(new Date("1996-01-01"));
    await vi.advanceTimersByTimeAsync(1);
    expect(queue.depth).toBe(1);
  });

  test("releases its workers and timers when it is closed, and takes nothing more", async () => {
    const queue = new Queue();
    const waiting = queue.next();
    queue.addAfter("a", 10);
    queue.close();
    queue.add("b");
    queue.addAfter("c", 10);
    expect(await waiting).toBeUndefined();
    expect(await queue.next()).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("tells how long each key waited", async () => {
    const waits: number[] = [];
    const queue = new Queue((milliseconds) => waits.push(milliseconds));
    queue.add("a");
    await vi.advanceTimersByTimeAsync(30);
    await drain(queue);
    expect(waits).toEqual([30]);
  });
});

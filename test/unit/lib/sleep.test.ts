import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deadline } from "../../../src/lib/deadline.ts";
import { sleep } from "../../../src/lib/sleep.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("sleep lasts as long as it says", async () => {
  let awake = false;
  const sleeping = sleep(100).then(() => (awake = true));
  await vi.advanceTimersByTimeAsync(99);
  expect(awake).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
  expect(awake).toBe(true);
});

test("sleep rejects with the signal's reason and leaves no timer", async () => {
  const controller = new AbortController();
  const sleeping = sleep(100, controller.signal);
  controller.abort(new Error("enough"));
  await expect(sleeping).rejects.toThrow("enough");
  expect(vi.getTimerCount()).toBe(0);
});

test("sleep rejects at once when the signal is aborted already", async () => {
  await expect(sleep(100, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
});

test("a deadline aborts when its time is over", async () => {
  using limit = deadline(50);
  await vi.advanceTimersByTimeAsync(50);
  expect(limit.signal.reason).toEqual(new Error("Timed out after 50 ms"));
});

test("a deadline aborts with its parent's reason", () => {
  const parent = new AbortController();
  using limit = deadline(50, parent.signal);
  parent.abort(new Error("stop"));
  expect(limit.signal.reason).toEqual(new Error("stop"));
});

test("a disposed deadline aborts no more", async () => {
  const limit = deadline(50);
  limit[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(60);
  expect(limit.signal.aborted).toBe(false);
});

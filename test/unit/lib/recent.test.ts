import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Recent } from "../../../src/lib/recent.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("asks once for callers that come together, and for those within the time", async () => {
  const load = vi.fn(async () => "yes");
  const recent = new Recent<string>({ milliseconds: 10_000, max: 10 });
  expect(await Promise.all([recent.get("k", load), recent.get("k", load)])).toEqual(["yes", "yes"]);
  vi.advanceTimersByTime(4_999);
  expect(await recent.get("k", load)).toBe("yes");
  expect(load).toHaveBeenCalledTimes(1);
});

it("asks again when the time is over, and counts it from when it asked", async () => {
  const answers = ["old", "new"];
  const load = async () => {
    const answer = answers.shift() ?? "none";
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    return answer;
  };
  const recent = new Recent<string>({ milliseconds: 10_000, max: 10 });
  const first = recent.get("k", load);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await first).toBe("old");
  await vi.advanceTimersByTimeAsync(4_000);
  const second = recent.get("k", load);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await second).toBe("new");
});

it("renews an answer in use behind the caller's back", async () => {
  let answer = "old";
  const load = vi.fn(async () => answer);
  const recent = new Recent<string>({ milliseconds: 10_000, max: 10 });
  await recent.get("k", load);
  answer = "new";
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await recent.get("k", load)).toBe("old");
  await vi.advanceTimersByTimeAsync(0);
  expect(await recent.get("k", load)).toBe("new");
  expect(load).toHaveBeenCalledTimes(2);
});

it("keeps an answer whose renewal failed to its end, and no longer", async () => {
  let broken = false;
  const load = async () => {
    if (broken) throw new Error("down");
    return "yes";
  };
  const recent = new Recent<string>({ milliseconds: 10_000, max: 10 });
  await recent.get("k", load);
  broken = true;
  await vi.advanceTimersByTimeAsync(9_999);
  expect(await recent.get("k", load)).toBe("yes");
  await vi.advanceTimersByTimeAsync(1);
  await expect((async () => recent.get("k", load))()).rejects.toThrow("down");
  broken = false;
  expect(await recent.get("k", load)).toBe("yes");
});

it("remembers no failure", async () => {
  const recent = new Recent<string>({ milliseconds: 10_000, max: 10 });
  await expect((async () => recent.get("k", () => Promise.reject(new Error("down"))))()).rejects.toThrow("down");
  expect(await recent.get("k", async () => "yes")).toBe("yes");
});

it("forgets the oldest answers beyond its size", async () => {
  const load = vi.fn(async () => "yes");
  const recent = new Recent<string>({ milliseconds: 10_000, max: 2 });
  for (const key of ["a", "b", "c"]) await recent.get(key, load);
  await recent.get("c", load);
  expect(load).toHaveBeenCalledTimes(3);
  await recent.get("a", load);
  expect(load).toHaveBeenCalledTimes(4);
});

it("stays within its size also when an answer comes for what it has forgotten meanwhile", async () => {
  const recent = new Recent<string>({ milliseconds: 10_000, max: 1 });
  const { promise, resolve } = Promise.withResolvers<string>();
  const first = recent.get("a", () => promise);
  expect(await recent.get("b", async () => "b")).toBe("b");
  resolve("a");
  expect(await first).toBe("a");
  const load = vi.fn(async () => "again");
  expect([await recent.get("a", load), await recent.get("b", load)]).toEqual(["a", "again"]);
});

it("shows what it remembers without asking, as long as it does, and keeps what it is to keep", async () => {
  const recent = new Recent<string>({ milliseconds: 10_000, max: 2, keep: (value) => value !== "long" });
  expect(recent.peek("k")).toBeUndefined();
  await recent.get("k", async () => "yes");
  await recent.get("l", async () => "long");
  expect([recent.peek("k"), recent.peek("l")]).toEqual(["yes", undefined]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(recent.peek("k")).toBeUndefined();
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RenewedToken } from "../../../../src/sdk/node/renewed-token.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Tokens `1`, `2`, … each for 100 s, to be renewed after 80 s. */
function counted() {
  let count = 0;
  const failing: { with?: Error } = {};
  const source = new RenewedToken(async () => {
    if (failing.with) throw failing.with;
    count++;
    return { token: String(count), renewAt: Date.now() + 80_000, expiresAt: Date.now() + 100_000 };
  });
  return { source, failing };
}

test("a token is used until it is time for another, and those who ask at once share one", async () => {
  const { source } = counted();
  expect(await Promise.all([source.token(), source.token()])).toEqual(["1", "1"]);
  expect(source.token()).toBe("1");
  vi.advanceTimersByTime(79_000);
  expect(source.token()).toBe("1");
  vi.advanceTimersByTime(1_000);
  expect(await source.token()).toBe("2");
});

test("a refused token is replaced at once", async () => {
  const { source } = counted();
  await source.token();
  source.forget();
  expect(await source.token()).toBe("2");
});

test("where no other can be had, it does as long as it is valid", async () => {
  const { source, failing } = counted();
  await source.token();
  failing.with = new Error("no");
  vi.advanceTimersByTime(90_000);
  expect(await source.token()).toBe("1");
  vi.advanceTimersByTime(10_000);
  await expect(source.token()).rejects.toThrow("no");
  delete failing.with;
  expect(await source.token()).toBe("2");
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { retried } from "../../../src/cli/copy/retry.ts";
import { sleep } from "../../../src/lib/sleep.ts";
import { ConnectionError } from "../../../src/sdk/errors.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Attempt = Parameters<typeof retried<string>>[0];

/** What a copy ends with within an hour. */
async function endOf(attempt: Attempt): Promise<string> {
  let end = "goes on";
  void retried(attempt).then(
    (value) => (end = value),
    (error: Error) => (end = error.message),
  );
  await vi.advanceTimersByTimeAsync(3_600_000);
  return end;
}

/** Moves so many octets from the beginning, each in so many milliseconds. */
async function move(count: number, milliseconds: number, ...[reached, signal]: Parameters<Attempt>): Promise<void> {
  for (let octets = 1; octets <= count; octets++) {
    await sleep(milliseconds, signal);
    reached(octets);
  }
}

test("a copy that breaks off but gets further each time goes on", async () => {
  let offset = 0;
  const attempt: Attempt = async (reached, signal) => {
    await sleep(10_000, signal);
    reached((offset += 1));
    if (offset < 30) throw new ConnectionError("broken");
    return "done";
  };
  expect(await endOf(attempt)).toBe("done");
});

test("a gateway that takes octets and never answers is given up, however many it takes", async () => {
  let attempts = 0;
  const swallow: Attempt = async (reached, signal) => {
    attempts += 1;
    await move(5, 1_000, reached, signal);
    await sleep(1e9, signal);
    return "done";
  };
  expect(await endOf(swallow)).toBe("Nothing came through");
  expect(attempts).toBeLessThan(6);
});

test("one that does again what an earlier attempt did is not taken for dead", async () => {
  let attempts = 0;
  const attempt: Attempt = async (reached, signal) => {
    attempts += 1;
    await move(20, 10_000, reached, signal);
    if (attempts === 1) throw new ConnectionError("broken");
    return "done";
  };
  expect(await endOf(attempt)).toBe("done");
});

test("one that breaks off short of where a longer one was is tried again", async () => {
  const lengths = [300, 20, 20, 400];
  const attempt: Attempt = async (reached, signal) => {
    const length = lengths.shift() ?? 0;
    await move(length, 1_000, reached, signal);
    if (lengths.length > 0) throw new ConnectionError("broken");
    return "done";
  };
  expect(await endOf(attempt)).toBe("done");
});

test("what does not pass is not tried again", async () => {
  expect(await endOf(() => Promise.reject(new Error("no space")))).toBe("no space");
});

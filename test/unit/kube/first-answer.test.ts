import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, ConnectionError } from "../../../src/kube/api-error.ts";
import { firstAnswer } from "../../../src/kube/first-answer.ts";
import { silentLog } from "../../support/silent-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const cut = new ConnectionError("reset");
const failing = new ApiError("GET /x", 500, {});

test.each<[what: string, errors: Error[], asked: number, answer: string | undefined]>([
  ["is had at once", [], 1, "yes"],
  ["is had after failures that pass", [cut, failing, cut], 4, "yes"],
  ["is none where the API server refuses", [new ApiError("GET /x", 403, {})], 1, undefined],
  ["is none where there is no such thing", [cut, new ApiError("GET /x", 404, {})], 2, undefined],
  ["is none after ten failures", Array.from({ length: 20 }, () => failing), 10, undefined],
])("an answer %s", async (_, errors, asked, answer) => {
  const ask = vi.fn(async () => {
    const error = errors.shift();
    if (error !== undefined) throw error;
    return "yes";
  });
  const answering = firstAnswer(ask, "nothing is known", silentLog, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await answering).toBe(answer);
  expect(ask).toHaveBeenCalledTimes(asked);
});

test("who stops waits no longer", async () => {
  const stop = new AbortController();
  const answering = firstAnswer(() => Promise.reject(cut), "nothing is known", silentLog, stop.signal);
  stop.abort(new Error("the operator stops"));
  await expect(answering).rejects.toThrow("the operator stops");
});

import { backoff } from "../lib/backoff.ts";
import { sleep } from "../lib/sleep.ts";
import type { Log } from "../log.ts";
import { isForbidden, isNotFound } from "./api-error.ts";

/** With their pauses up to a minute. */
const tries = 10;

/**
 * What the API server says to a question that is asked once. While it does not answer it is asked again, with growing pauses.
 * `undefined`, after a warning that has `consequence`, if it refuses or has no such thing, or if all tries fail.
 */
export async function firstAnswer<T>(
  ask: () => Promise<T>,
  consequence: string,
  log: Log,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (isForbidden(error) || isNotFound(error) || attempt === tries) {
        log.warn({ error }, consequence);
        return undefined;
      }
    }
    await sleep(backoff(attempt, { first: 500, most: 10_000 }), signal);
  }
}

import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { ConnectionError, UnavailableError } from "../../sdk/errors.ts";

const delays = { first: 200, most: 2_000 };
/** For how long, and in how many attempts, nothing may get further before it is given up; milliseconds. */
const patience = { milliseconds: 60_000, attempts: 4 };

/** After so long without an octet the connection is taken for dead; milliseconds. */
const silence = 15_000;

/**
 * Tries again what a gateway that goes away breaks off. `attempt` says by its argument how many octets of all it has come to: after
 * a long silence its signal is aborted, and it is given up when for long none of several attempts has come further than every one
 * before. One that only does again what an earlier one did has not: a gateway that takes octets and never answers would be tried
 * for ever. But one such is no reason yet: much of what an attempt has sent may have got no further than the next buffer.
 */
export async function retried<T>(
  attempt: (reached: (octets: number) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let since = performance.now();
  let furthest = 0;
  let fruitless = 0;
  for (let failures = 0; ; failures++) {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(new ConnectionError("Nothing came through")), silence);
    const reached = (octets: number) => {
      timer.refresh();
      if (octets <= furthest) return;
      furthest = octets;
      fruitless = -1;
      since = performance.now();
    };
    try {
      return await attempt(reached, silent.signal);
    } catch (error) {
      const mayPass = error instanceof ConnectionError || error instanceof UnavailableError;
      fruitless += 1;
      const isStuck = fruitless >= patience.attempts && performance.now() - since > patience.milliseconds;
      if (!mayPass || isStuck) throw error;
    } finally {
      clearTimeout(timer);
    }
    await sleep(backoff(Math.min(failures, 8), delays));
  }
}

import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { ConnectionError, UnavailableError } from "../../sdk/errors.ts";

const delays = { first: 200, most: 2_000 };
/** For how long nothing may come through before it is given up; milliseconds. */
const patience = 60_000;

/** After so long without an octet the connection is taken for dead; milliseconds. */
const silence = 15_000;

/**
 * Tries again what a gateway that goes away breaks off. `attempt` says by its argument that something came through, which begins
 * the time anew; after a long silence its signal is aborted.
 */
export async function retried<T>(attempt: (progressed: () => void, signal: AbortSignal) => Promise<T>): Promise<T> {
  let since = performance.now();
  for (let failures = 0; ; failures++) {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(new ConnectionError("Nothing came through")), silence);
    const progressed = () => {
      since = performance.now();
      timer.refresh();
    };
    try {
      return await attempt(progressed, silent.signal);
    } catch (error) {
      const mayPass = error instanceof ConnectionError || error instanceof UnavailableError;
      if (!mayPass || performance.now() - since > patience) throw error;
    } finally {
      clearTimeout(timer);
    }
    await sleep(backoff(Math.min(failures, 8), delays));
  }
}

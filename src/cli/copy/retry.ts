import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { ConnectionError, UnavailableError } from "../../sdk/errors.ts";

const delays = { first: 200, most: 2_000 };
/** For how long nothing may come through before it is given up; milliseconds. */
const patience = 60_000;

/**
 * Tries again what a gateway that goes away breaks off. `attempt` says by its argument that something came through, which begins
 * the time anew.
 */
export async function retried<T>(attempt: (progressed: () => void) => Promise<T>): Promise<T> {
  let since = performance.now();
  const progressed = () => (since = performance.now());
  for (let failures = 0; ; failures++) {
    try {
      return await attempt(progressed);
    } catch (error) {
      const mayPass = error instanceof ConnectionError || error instanceof UnavailableError;
      if (!mayPass || performance.now() - since > patience) throw error;
    }
    await sleep(backoff(Math.min(failures, 8), delays));
  }
}

import { LinkError } from "../../agent-link/link-error.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";

/** Attempts one after the other that get nowhere. */
const attempts = 5;

const delays = { first: 200, most: 5_000 };

/**
 * What `attempt` gives, which is made again when the link to the agent broke. It is told `progressed` to call whenever it
 * has come further, and begins anew where it stands; attempts that get nowhere are few. Any other error is thrown.
 */
export async function persist<T>(signal: AbortSignal, attempt: (progressed: () => void) => Promise<T>): Promise<T> {
  let failures = 0;
  for (;;) {
    try {
      return await attempt(() => (failures = 0));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LinkError) || error.code !== "unavailable" || ++failures === attempts) throw error;
    }
    await sleep(backoff(failures, delays), signal);
  }
}

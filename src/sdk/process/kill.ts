import { ConflictError } from "../errors.ts";
import type { Gateway, Operation } from "../http/gateway.ts";

/** Sends a signal to a process and its children; no-op once it has ended. `path` is the process's. */
export async function kill(gateway: Gateway, path: string, name: string, options: Partial<Operation>): Promise<void> {
  // Killed twice is killed; any other signal may mean something each time.
  const repeatable = name === "SIGKILL";
  try {
    await gateway.run({ method: "POST", path: `${path}/signal`, json: { signal: name }, repeatable, ...options });
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}

/** Kills a process when the signal is aborted. Gives what lets go of the signal. */
export function killWhenAborted(gateway: Gateway, path: string, signal: AbortSignal | undefined): () => void {
  // Nobody hears of a failure: whoever waits for the process is told of the abortion. A sandbox that has not started has none.
  const onAbort = () => void kill(gateway, path, "SIGKILL", { query: { startTimeoutSeconds: 0 } }).catch(() => {});
  signal?.addEventListener("abort", onAbort, { once: true });
  return () => signal?.removeEventListener("abort", onAbort);
}

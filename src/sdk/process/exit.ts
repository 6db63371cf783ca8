import type { ProcessExit } from "../../api/process.ts";
import { TimeoutError } from "../errors.ts";
import type { Gateway } from "../http/gateway.ts";

/** How long one request waits, for the start of the sandbox and for the exit; seconds. Whatever is on the way may cut off longer ones. */
const waitSeconds = 15;
/** How much longer its reply may take than both. */
const graceMilliseconds = 10_000;

/** Resolves with how a process ended, once it has. `path` is the process's, below the namespace. */
export async function waitForExit(gateway: Gateway, path: string, signal?: AbortSignal): Promise<ProcessExit> {
  for (;;) {
    const exit = await exitWithin(gateway, path, waitSeconds, signal);
    if (exit !== undefined) return exit;
  }
}

/** How a process ended, or undefined if it still runs after `seconds`, or its sandbox has not started by then. */
export async function exitWithin(
  gateway: Gateway,
  path: string,
  seconds: number,
  signal?: AbortSignal,
): Promise<ProcessExit | undefined> {
  try {
    return await gateway.json<ProcessExit>({
      method: "GET",
      path: `${path}/exit`,
      query: { wait: seconds, startTimeoutSeconds: seconds },
      signal,
      ...(seconds > 0 && { answersWithin: 2 * seconds * 1000 + graceMilliseconds }),
    });
  } catch (error) {
    if (error instanceof TimeoutError) return undefined;
    throw error;
  }
}

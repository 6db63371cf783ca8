import { SandkeepError } from "../../api/errors.ts";
import { ENTRYPOINT_PROCESS } from "../../api/process.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { SandboxCall } from "../agent/proxy.ts";
import { deadline } from "../sandboxes/deadline.ts";
import type { SandboxDirectory } from "../sandboxes/directory.ts";
import { isFinished } from "../sandboxes/life.ts";

type ProcessCall = SandboxCall & { params: { process: string } };

/**
 * What the agent answers about a process. If that cannot be had of `entrypoint` because its sandbox has finished, or does so
 * within `seconds`, what `left` makes of the sandbox's record.
 */
export type OrLeft = (
  call: ProcessCall,
  live: Promise<void>,
  left: (sandbox: Sandbox) => unknown,
  seconds?: number,
) => Promise<unknown>;

/** How long it takes at most until the end of a container is in the record. */
const recordSeconds = 10;

/** See `OrLeft`. A reply that has begun is not begun again. */
export function orLeftIn(directory: SandboxDirectory): OrLeft {
  return async (call, live, left, seconds = 0) => {
    try {
      return await live;
    } catch (error) {
      const { params, response, signal } = call;
      if (params.process !== ENTRYPOINT_PROCESS || response.headersSent || !mayBeTheEnd(error)) throw error;
      const name = { namespace: params.namespace, name: params.id };
      const late = () => error;
      await deadline(Math.max(seconds, recordSeconds), signal, late, (within) =>
        directory.until(name, isFinished, within),
      );
      // The store may still show an earlier sandbox of that name.
      const sandbox = await directory.fresh(name, signal);
      if (!isFinished(sandbox)) throw error;
      return await left(sandbox);
    }
  };
}

/** Whether an error may mean that the sandbox has ended, or is about to. */
function mayBeTheEnd(error: unknown): error is SandkeepError {
  return (
    error instanceof SandkeepError &&
    error.resource === "sandbox" &&
    (error.code === "failed_precondition" || error.code === "unavailable")
  );
}

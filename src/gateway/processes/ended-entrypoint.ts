import type { FinishReason } from "../../api/phases.ts";
import { ENTRYPOINT_PROCESS, type Process, type ProcessExit } from "../../api/process.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { over } from "../sandboxes/life.ts";

/**
 * The process `entrypoint` of a sandbox that has finished, as its record tells. Throws `not_found` where there never was
 * one, and `failed_precondition` with how the sandbox ended before it could start.
 */
export function endedEntrypoint(sandbox: Sandbox): Process {
  const { command = [], args = [] } = sandbox.spec;
  const { startedAt, finishedAt, exitCode, reason } = sandbox.status ?? {};
  const words = [...command, ...args];
  if (words.length === 0)
    throw new SandkeepError(
      "not_found",
      "process",
      `There is no process "${ENTRYPOINT_PROCESS}": the sandbox was made without a command`,
    );
  if (startedAt === undefined) throw over(sandbox, `find the process "${ENTRYPOINT_PROCESS}" of`, new Date());
  return {
    id: ENTRYPOINT_PROCESS,
    command: words,
    state: "exited",
    startedAt,
    ...(finishedAt !== undefined && { exitedAt: finishedAt }),
    ...(exitCode !== undefined && { exit: exitOf(exitCode, reason) }),
  };
}

/** The process's own exit, as its agent told it: to a sandbox whose time is over its code is 124, to the process SIGKILL. */
function exitOf(code: number, reason: FinishReason | undefined): ProcessExit {
  if (reason !== "Timeout" && reason !== "IdleTimeout") return { code, timedOut: false };
  return { code: 137, signal: "SIGKILL", timedOut: reason === "Timeout" };
}

/** How that process ended. Throws as `endedEntrypoint`, and `failed_precondition` where nothing tells. */
export function exitOfEndedEntrypoint(sandbox: Sandbox): ProcessExit {
  const { exit } = endedEntrypoint(sandbox);
  if (exit === undefined) throw over(sandbox, `tell the exit of the process "${ENTRYPOINT_PROCESS}" of`, new Date());
  return exit;
}

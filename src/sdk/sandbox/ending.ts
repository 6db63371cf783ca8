import type { SandboxView } from "../../api/sandbox-http.ts";
import { SandboxFailedError, SandboxTerminatedError, SandboxTimeoutError, type SandkeepError } from "../errors.ts";

/** @internal The exit code of a sandbox that has finished, null of one that has not. Throws when it ended before there could be one. */
export function exitCodeOf({ id, status }: SandboxView): number | null {
  if (status.phase !== "Finished") return null;
  if (status.exitCode !== undefined) return status.exitCode;
  const { reason = "an unknown reason", message } = status;
  throw new SandboxFailedError(
    "failed_precondition",
    "sandbox",
    `Sandbox "${id}" has no exit code: it finished with ${reason}${message ? `: ${message}` : ""}`,
    { details: { reason } },
  );
}

/** @internal The error that says that a sandbox was ended from outside or by its time limit; undefined when it ended by itself. */
export function interruption({ id, status }: SandboxView): SandkeepError | undefined {
  const { reason } = status;
  const details = { details: { reason, exitCode: status.exitCode } };
  if (reason === "Terminated")
    return new SandboxTerminatedError("failed_precondition", "sandbox", `Sandbox "${id}" was terminated`, details);
  if (reason === "Timeout" || reason === "IdleTimeout")
    return new SandboxTimeoutError("deadline_exceeded", "sandbox", `Sandbox "${id}" reached its ${reason}`, details);
  return undefined;
}

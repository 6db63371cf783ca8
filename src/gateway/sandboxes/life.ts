import { SandkeepError } from "../../api/errors.ts";
import { NO_PROBE, PROBE_TIMED_OUT } from "../../api/constants.ts";
import type { Sandbox } from "../../api/sandbox.ts";

export type Milestone = "started" | "ready" | "finished";

/** Whether processes can run in it. */
export function isUp(sandbox: Sandbox): boolean {
  return hasStarted(sandbox) && !isOver(sandbox);
}

/** Whether its agent answers, as far as is known; also while it is being ended. */
export function hasStarted({ status }: Sandbox): boolean {
  return status?.phase === "Started" || status?.phase === "Ready";
}

export function isFinished({ status }: Sandbox): boolean {
  return status?.phase === "Finished";
}

/** Whether nothing can start in it any more: it has finished, or is being ended. */
export function isOver(sandbox: Sandbox): boolean {
  return (
    isFinished(sandbox) ||
    sandbox.spec.desiredState === "Terminated" ||
    sandbox.metadata.deletionTimestamp !== undefined
  );
}

/** Whether it has come this far. Throws `failed_precondition`, or `deadline_exceeded` of its probe, if it never will. */
export function hasReached(sandbox: Sandbox, milestone: Milestone, now: Date): boolean {
  const { status } = sandbox;
  if (milestone === "finished") return isFinished(sandbox);
  if (milestone === "started" && status?.startedAt !== undefined) return true;
  if (milestone === "ready" && !hasProbe(sandbox))
    throw failed(sandbox, "wait for readiness of", "it has no readiness probe: set spec.readinessProbe");
  if (milestone === "ready" && status?.phase === "Ready") return true;
  if (isOver(sandbox))
    throw over(sandbox, milestone === "ready" ? "wait for readiness of" : "wait for the start of", now);
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (milestone === "ready" && ready?.status === "False" && ready.reason === PROBE_TIMED_OUT)
    throw new SandkeepError(
      "deadline_exceeded",
      "probe",
      `Sandbox "${nameOf(sandbox)}" did not become ready: ${ready.message}`,
    );
  return false;
}

function hasProbe({ spec, status }: Sandbox): boolean {
  if (spec.readinessProbe === undefined && spec.readinessProbeName === undefined) return false;
  return status?.conditions?.every(({ type, reason }) => type !== "Ready" || reason !== NO_PROBE) ?? true;
}

/** `failed_precondition` that says how the sandbox ended. */
export function over(sandbox: Sandbox, action: string, now: Date): SandkeepError {
  const { status, metadata } = sandbox;
  if (!isFinished(sandbox))
    return failed(
      sandbox,
      action,
      metadata.deletionTimestamp === undefined ? "it is being terminated" : "it is being deleted",
    );
  const { reason, exitCode, message, finishedAt } = status ?? {};
  const ago =
    finishedAt === undefined
      ? ""
      : ` ${Math.max(0, Math.round((now.getTime() - Date.parse(finishedAt)) / 1000))} s ago`;
  const code = exitCode === undefined ? "" : ` (exit code ${exitCode})`;
  return failed(
    sandbox,
    action,
    `it finished with ${reason ?? "an unknown reason"}${ago}${code}${message ? `: ${message}` : ""}`,
    {
      phase: "Finished",
      reason,
      exitCode,
      finishedAt,
    },
  );
}

function failed(sandbox: Sandbox, action: string, why: string, details?: Record<string, unknown>): SandkeepError {
  return new SandkeepError(
    "failed_precondition",
    "sandbox",
    `Cannot ${action} sandbox "${nameOf(sandbox)}": ${why}`,
    details && { details },
  );
}

function nameOf({ metadata }: Sandbox): string {
  return `${metadata.namespace}/${metadata.name}`;
}

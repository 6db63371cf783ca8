import { PROBE_TIMED_OUT } from "../../api/constants.ts";
import type { FinishReason } from "../../api/phases.ts";
import { processStarted } from "../../api/process-event.ts";
import type { SandboxStatus } from "../../api/sandbox.ts";
import { said } from "../../lib/literal.ts";
import type { PlannedEvent } from "../../runtime/plan.ts";
import { conditionOf } from "../conditions.ts";
import { commandIn } from "./agent.ts";
import type { Observed } from "./observed.ts";

/** Ends that were asked for or are the program's success. */
const expected: readonly FinishReason[] = ["Completed", "Terminated", "IdleTimeout"];

/** One Event for each step that the sandbox has made from the status it had to the one after. */
export function sandboxEvents(
  { sandbox, pod }: Pick<Observed, "sandbox" | "pod">,
  after: SandboxStatus,
): PlannedEvent[] {
  const { spec, status: before } = sandbox;
  const [program] = pod === undefined ? [] : commandIn(pod);
  const isNew = (time: "scheduledAt" | "startedAt" | "readyAt" | "finishedAt"): boolean =>
    after[time] !== undefined && before?.[time] === undefined;
  return [
    ...(isNew("scheduledAt") ? [normal("Scheduled", `It runs on node ${after.nodeName}.`)] : []),
    ...(isNew("startedAt") ? [normal("Started", "Its container runs.")] : []),
    ...(isNew("startedAt") && spec.verbose === true && program !== undefined ? [processStarted([said(program)])] : []),
    ...(isNew("readyAt") ? [normal("Ready", "Its probe succeeded.")] : []),
    ...(timedOut(after) && !timedOut(before) ? [probeFailure(after)] : []),
    ...(isNew("finishedAt") && after.reason !== undefined ? [finish(after.reason, after.message ?? "")] : []),
  ];
}

function normal(reason: string, message: string): PlannedEvent {
  return { type: "Normal", reason, message };
}

function finish(reason: FinishReason, message: string): PlannedEvent {
  return { type: expected.includes(reason) ? "Normal" : "Warning", reason, message };
}

function timedOut(status: SandboxStatus | undefined): boolean {
  return conditionOf(status?.conditions, "Ready")?.reason === PROBE_TIMED_OUT;
}

function probeFailure(status: SandboxStatus): PlannedEvent {
  return { type: "Warning", reason: PROBE_TIMED_OUT, message: conditionOf(status.conditions, "Ready")?.message ?? "" };
}

import { inboundProblem } from "../../api/class/ingress.ts";
import { NO_PROBE, PROBE_TIMED_OUT, SETUP_FAILURES } from "../../api/constants.ts";
import type { SandboxPhase } from "../../api/phases.ts";
import type { SandboxStatus } from "../../api/sandbox.ts";
import type { Pod } from "../../kube/objects.ts";
import { microTime } from "../../lib/micro-time.ts";
import { type Verdict, conditionOf, conditionsFrom } from "../conditions.ts";
import { tunnelAddresses } from "../tunnels/addresses.ts";
import { type Admission, admissionAt } from "./admission.ts";
import { podEnding } from "./ending.ts";
import { type Ending, podDeleted, terminated } from "./endings.ts";
import { unresolvable } from "../network/egress.ts";
import { classTermsFor } from "./class-terms.ts";
import { type Moments, momentsOf, patienceOf } from "./lifetime.ts";
import { countedTimeout, keptLimits, longestTimeoutOf, sameLimits, wantedLimits } from "./limits.ts";
import { missingObject, missingVolume } from "./missing.ts";
import type { Observed } from "./observed.ts";
import { containerStatus } from "./pod-state.ts";
import { printable } from "./termination-message.ts";
import { describeUnsupported, unsupportedField } from "./unsupported.ts";

/**
 * The whole status, from what is observed and the status before. Times are written once, an end is final, and the same
 * observation gives the same status.
 */
export function sandboxStatus(
  observed: Observed,
  now: Date,
  admission: Admission | undefined = admissionAt(observed, now),
): SandboxStatus {
  const { sandbox, pod } = observed;
  const before = sandbox.status ?? {};
  const { generation } = sandbox.metadata;
  if (before.phase === "Finished") return { ...before, ...observedAt(generation) };

  const moments = momentsOf(observed, before, now);
  const ending = endingOf(observed, admission, moments);
  const times = timesFrom(observed, ending, now);
  const phase = phaseOf(times);
  const verdicts = [
    ...progressVerdicts(observed, admission, times, moments),
    ...endingVerdicts(ending, admission),
    ...limitationVerdicts(observed, ending, moments),
  ];
  return {
    phase,
    conditions: conditionsFrom(verdicts, before.conditions, observedIn(observed, ending), now),
    ...times,
    ...(ending === undefined ? {} : endOf(ending)),
    ...placeOf(pod, before),
    ...tunnelsOf(observed, ending),
    ...observedAt(observedIn(observed, ending)),
  };
}

/** The sandbox runs, and whether it is ready is for its agent to say. */
export function isProbing({ phase, conditions }: SandboxStatus): boolean {
  return phase === "Started" && conditionOf(conditions, "Ready")?.reason === probing;
}

const probing = "Probing";

function endingOf(observed: Observed, admission: Admission | undefined, moments: Moments): Ending | undefined {
  const { sandbox, pod } = observed;
  if (pod !== undefined) {
    return podEnding(pod, { sandbox, patience: patienceOf(observed), moments });
  }
  if (sandbox.spec.desiredState === "Terminated") return terminated;
  if (hasRun(sandbox.status ?? {})) return podDeleted(sandbox.metadata.name, "is gone, and nothing tells how it ended");
  // Somebody's finalizer may keep it for long; it gets no Pod any more.
  if (sandbox.metadata.deletionTimestamp !== undefined) {
    return { ...terminated, message: "It was deleted before it ran." };
  }
  if (admission?.kind === "refused") return { reason: admission.ending, message: admission.message };
  if (admission?.kind === "waiting" && (moments.scheduleBy ?? 1) <= 0) {
    return { reason: "Unschedulable", message: admission.message };
  }
  return undefined;
}

/** Its Pod has been seen on a node, so a missing Pod is a deleted one. */
function hasRun(before: SandboxStatus): boolean {
  return before.scheduledAt !== undefined;
}

type Times = Pick<SandboxStatus, "scheduledAt" | "startedAt" | "readyAt" | "finishedAt">;

function timesFrom(
  { sandbox: { status: before = {} }, pod, readiness }: Observed,
  ending: Ending | undefined,
  now: Date,
): Times {
  const time = microTime(now);
  const state = pod === undefined ? undefined : containerStatus(pod)?.state;
  const ran = state?.running !== undefined || ranUntil(state?.terminated);
  const isReady = ran && readiness?.state === "ready" && ending === undefined;
  return {
    ...once("scheduledAt", before.scheduledAt, pod?.spec?.nodeName !== undefined, time),
    ...once("startedAt", before.startedAt, ran, time),
    ...once("readyAt", before.readyAt, isReady, time),
    ...once("finishedAt", before.finishedAt, ending !== undefined, time),
  };
}

/** A container that the runtime could not start is reported as terminated too, without a time of start. */
function ranUntil(exit: { reason?: string; startedAt?: string } | undefined): boolean {
  if (exit === undefined || exit.reason === "StartError") return false;
  return exit.startedAt !== undefined && Date.parse(exit.startedAt) > 0;
}

function once<K extends keyof Times>(
  key: K,
  before: string | undefined,
  happened: boolean,
  time: string,
): Partial<Record<K, string>> {
  const value = before ?? (happened ? time : undefined);
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
}

function phaseOf(times: Times): SandboxPhase {
  if (times.finishedAt !== undefined) return "Finished";
  if (times.readyAt !== undefined) return "Ready";
  if (times.startedAt !== undefined) return "Started";
  return times.scheduledAt === undefined ? "Created" : "Scheduled";
}

function progressVerdicts(
  observed: Observed,
  admission: Admission | undefined,
  times: Times,
  moments: Moments,
): Verdict[] {
  const { pod } = observed;
  const scheduled: Verdict =
    times.scheduledAt === undefined
      ? { type: "Scheduled", status: "False", ...delayOfNode(pod, admission) }
      : { type: "Scheduled", status: "True", reason: "Scheduled", message: "" };
  const started: Verdict =
    times.startedAt === undefined
      ? { type: "Started", status: "False", ...delayOfStart(pod, moments) }
      : { type: "Started", status: "True", reason: "Started", message: "" };
  return [scheduled, started, ...(times.finishedAt === undefined ? [readyVerdict(observed, times)] : [])];
}

/** What keeps it from having a node. */
function delayOfNode(pod: Pod | undefined, admission: Admission | undefined): Pick<Verdict, "reason" | "message"> {
  if (admission?.kind === "waiting") return { reason: admission.reason, message: admission.message };
  const { reason = "Pending", message = "" } = conditionOf(pod?.status?.conditions, "PodScheduled") ?? {};
  return (pod && missingObject(message, pod)) ?? { reason, message: printable(message) };
}

/** What keeps the container from running, unless all is as it should be: that would be a write for no news. */
function delayOfStart(pod: Pod | undefined, moments: Moments): Pick<Verdict, "reason" | "message"> {
  const { reason = "Pending", message = "" } = (pod && containerStatus(pod)?.state?.waiting) ?? {};
  const usual = reason === "Pending" || reason === "ContainerCreating" || reason === "PodInitializing";
  if (!usual) return (pod && missingObject(message, pod)) ?? { reason, message: printable(message) };
  const prepared = conditionOf(pod?.status?.conditions, "PodReadyToStartContainers")?.status;
  const late = prepared === "False" && (moments.volumesBy ?? 1) <= 0;
  return (pod && late ? missingVolume(pod) : undefined) ?? { reason: "Pending", message: "" };
}

function readyVerdict({ sandbox, readiness }: Observed, times: Times): Verdict {
  const { readinessProbe, readinessProbeName } = sandbox.spec;
  if (times.startedAt === undefined) {
    return { type: "Ready", status: "False", reason: "NotStarted", message: "It has not started yet." };
  }
  if (readinessProbe === undefined && readinessProbeName === undefined) {
    return { type: "Ready", status: "True", reason: NO_PROBE, message: "" };
  }
  if (times.readyAt !== undefined) {
    return { type: "Ready", status: "True", reason: "ProbeSucceeded", message: "" };
  }
  const before = conditionOf(sandbox.status?.conditions, "Ready");
  if (readiness?.state === "failed" || before?.reason === PROBE_TIMED_OUT) {
    const message = readiness?.message ?? before?.message ?? "";
    return { type: "Ready", status: "False", reason: PROBE_TIMED_OUT, message: printable(message) };
  }
  return { type: "Ready", status: "False", reason: probing, message: "Its probe has not succeeded yet." };
}

function endingVerdicts(ending: Ending | undefined, admission: Admission | undefined): Verdict[] {
  if (ending === undefined) return [];
  const { reason, message } = ending;
  const finished: Verdict = { type: "Finished", status: "True", reason, message };
  if (!SETUP_FAILURES.includes(reason)) return [finished];
  const why = admission?.kind === "refused" ? admission.reason : reason;
  return [finished, { type: "Stalled", status: "True", reason: why, message }];
}

/** What was changed while the sandbox runs and cannot take effect, said rather than ignored. */
function limitationVerdicts(observed: Observed, ending: Ending | undefined, moments: Moments): Verdict[] {
  const { sandbox, pod, opening, route, limitsMute } = observed;
  if (ending !== undefined || pod === undefined) return [];
  const { timeoutSeconds } = sandbox.spec;
  const longest = longestTimeoutOf(pod);
  if (timeoutSeconds > longest) {
    const message =
      `spec.timeoutSeconds ${timeoutSeconds} is more than ${longest}, the maximum of its SandboxClass when it started: ` +
      `it keeps ${keptLimits(pod).timeoutSeconds}.`;
    return [{ type: "Stalled", status: "True", reason: "ClassLimit", message }];
  }
  if (limitsMute === true) {
    const message =
      "Its agent has not taken the timeoutSeconds and idleTimeoutSeconds of its spec for a while; it is told again. " +
      `The operator ends it after ${countedTimeout(sandbox, pod)} s whatever its agent does.`;
    return [{ type: "Stalled", status: "True", reason: "LimitsNotKept", message }];
  }
  if (opening?.kind === "waiting") {
    return [{ type: "Stalled", status: "True", reason: "NoTunnelPort", message: opening.message }];
  }
  const field = unsupportedField(sandbox.spec);
  const { domains = false, tunnels } = classTermsFor(observed) ?? {};
  const problem =
    field === undefined
      ? (unresolvable(sandbox.spec, domains) ?? (tunnels && inboundProblem(sandbox.spec, tunnels)))
      : describeUnsupported(field);
  if (problem === undefined) {
    const isLate = route?.kind === "missing" && (moments.routeBy ?? 1) <= 0;
    return isLate ? [{ type: "Stalled", status: "True", reason: "NoRoute", message: printable(route.message) }] : [];
  }
  return [{ type: "Stalled", status: "True", reason: "NotSupported", message: problem }];
}

function endOf({ reason, exitCode, message }: Ending): Pick<SandboxStatus, "reason" | "exitCode" | "message"> {
  return { reason, message, ...(exitCode === undefined ? {} : { exitCode }) };
}

type Place = Pick<SandboxStatus, "podName" | "nodeName" | "image">;

function placeOf(pod: Pod | undefined, before: SandboxStatus): Place {
  // That the Pod exists is worth no write of its own: the scheduler has something to say a moment later.
  const isNews =
    pod?.spec?.nodeName !== undefined || conditionOf(pod?.status?.conditions, "PodScheduled") !== undefined;
  const podName = (isNews ? pod?.metadata.name : undefined) ?? before.podName;
  const nodeName = pod?.spec?.nodeName ?? before.nodeName;
  const image = (pod === undefined ? undefined : containerStatus(pod)?.imageID) || before.image;
  return {
    ...(podName === undefined ? {} : { podName }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(image === undefined ? {} : { image }),
  };
}

/** Once told they stay, whatever becomes of the class, and end with the sandbox; unless another has one of their ports. */
function tunnelsOf(observed: Observed, ending: Ending | undefined): Pick<SandboxStatus, "tunnels"> {
  const { sandbox, sandboxClass, opening, portContested, route, settings } = observed;
  if (ending !== undefined) return {};
  if (sandbox.status?.tunnels !== undefined && portContested !== true) return { tunnels: sandbox.status.tunnels };
  if (opening?.kind !== "open" || sandboxClass === undefined) return {};
  if (classTermsFor(observed)?.tunnels !== undefined)
    return route?.kind === "routed" ? { tunnels: route.addresses } : {};
  return { tunnels: tunnelAddresses(sandbox, sandboxClass.spec, settings.tunnels, opening.unencrypted) };
}

/** A generation counts as observed once the agent keeps its limits, and one that is to end once it has ended. */
function observedIn({ sandbox, pod, limits }: Observed, ending: Ending | undefined): number | undefined {
  const { metadata, spec, status } = sandbox;
  if (pod === undefined || ending !== undefined) return metadata.generation;
  if (spec.desiredState === "Terminated") return status?.observedGeneration;
  const isKept = sameLimits(wantedLimits(sandbox, pod), limits ?? keptLimits(pod));
  return isKept ? metadata.generation : status?.observedGeneration;
}

function observedAt(generation: number | undefined): Pick<SandboxStatus, "observedGeneration"> {
  return generation === undefined ? {} : { observedGeneration: generation };
}

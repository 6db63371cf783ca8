import { POD_RETENTION_SECONDS } from "../../api/constants.ts";
import type { SandboxStatus } from "../../api/sandbox.ts";
import { millisecondsUntil } from "../time.ts";
import { classTermsFor } from "./class-terms.ts";
import { builtInClass } from "./class.ts";
import { countedTimeout } from "./limits.ts";
import { untilLost } from "./node-loss.ts";
import { volumeSources } from "./missing.ts";
import type { Observed } from "./observed.ts";

/** How long something may take before the sandbox ends because of it, in seconds; from its class. */
export interface Patience {
  pullSeconds: number;
  scheduleSeconds: number;
}

/** The patience of the sandbox's class; of the built-in one while its own is not there. */
export function patienceOf(observed: Observed): Patience {
  return classTermsFor(observed) ?? builtInClass.spec.limits;
}

/**
 * Seconds for the Secrets of its registry to appear, from when its ENTRYPOINT was asked for, and from when a node took it; a
 * kubelet looks again every ten or so.
 */
const loginSeconds = 20;

/** Seconds, from when a node took it, after which its volumes are worth a word. */
const volumeSeconds = 3;

/** Seconds that the agent has to end a sandbox at its deadline before the operator deletes the Pod. */
const overtimeSeconds = 2;

/** Seconds, from its start, after which it is worth a word that no Ingress leads to it. */
const routeSeconds = 10;

/**
 * Milliseconds until the moments that matter in a sandbox's life; zero or less: past; absent: not to come.
 *
 *     created ──► scheduleBy    asked for the ENTRYPOINT ──► loginBy ──► lookUpBy
 *     scheduled ──► volumesBy ──► loginBy ──► startBy    started ──► routeBy, deadline ──► overtime
 *     Pod deleted ──► lost    finished ──► retention, expiry
 */
export interface Moments {
  /** The image's ENTRYPOINT must be known by then. */
  lookUpBy?: number;
  scheduleBy?: number;
  volumesBy?: number;
  loginBy?: number;
  startBy?: number;
  deadline?: number;
  overtime?: number;
  routeBy?: number;
  lost?: number;
  retention?: number;
  expiry?: number;
}

/** The moments as seen from `now`, given the status as known so far. */
export function momentsOf(observed: Observed, status: SandboxStatus | undefined, now: Date): Moments {
  const { sandbox, pod, node, askedAt } = observed;
  const patience = patienceOf(observed);
  const after = (time: string, seconds: number): number => millisecondsUntil(time, seconds, now);
  const moments: Moments = {};
  const { creationTimestamp } = sandbox.metadata;
  if (status?.finishedAt !== undefined) {
    if (pod !== undefined) moments.retention = after(status.finishedAt, POD_RETENTION_SECONDS);
    const ttl = sandbox.spec.ttlSecondsAfterFinished;
    if (ttl !== undefined) moments.expiry = after(status.finishedAt, ttl);
    return moments;
  }
  if (askedAt !== undefined && pod === undefined) {
    moments.loginBy = after(askedAt, loginSeconds);
    moments.lookUpBy = after(askedAt, patience.pullSeconds);
  }
  if (status?.startedAt !== undefined) {
    const timeout = countedTimeout(sandbox, pod);
    moments.deadline = after(status.startedAt, timeout);
    moments.overtime = after(status.startedAt, timeout + overtimeSeconds);
    if (observed.route?.kind === "missing") moments.routeBy = after(status.startedAt, routeSeconds);
  } else if (status?.scheduledAt !== undefined) {
    if (pod !== undefined && volumeSources(pod).length > 0)
      moments.volumesBy = after(status.scheduledAt, volumeSeconds);
    moments.loginBy = after(status.scheduledAt, loginSeconds);
    moments.startBy = after(status.scheduledAt, patience.pullSeconds);
  } else if (creationTimestamp !== undefined) {
    moments.scheduleBy = after(creationTimestamp, patience.scheduleSeconds);
  }
  const lost = pod === undefined ? undefined : untilLost(pod, node, now);
  if (lost !== undefined) moments.lost = lost;
  return moments;
}

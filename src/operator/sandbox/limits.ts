import { DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS } from "../../api/constants.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { LinkTarget } from "../../agent-link/open.ts";
import type { Pod } from "../../kube/objects.ts";
import { deadline } from "../../lib/deadline.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import { annotations } from "../names.ts";
import type { Question } from "./inquiries.ts";

/** How long a sandbox may run, and how long it may stay without use (0: for ever); seconds. */
export interface TimeLimits {
  timeoutSeconds: number;
  idleTimeoutSeconds: number;
}

/** The limits that the sandbox's spec asks for. */
export function askedLimits({ spec }: Sandbox): TimeLimits {
  const { timeoutSeconds, idleTimeoutSeconds = 0 } = spec;
  return { timeoutSeconds, idleTimeoutSeconds };
}

/** The limits that the Pod's agent keeps, as far as that is on record. */
export function keptLimits({ metadata }: Pod): TimeLimits {
  const { [annotations.timeoutSeconds]: timeout, [annotations.idleTimeoutSeconds]: idle } = metadata.annotations ?? {};
  return { timeoutSeconds: Number(timeout ?? DEFAULT_TIMEOUT_SECONDS), idleTimeoutSeconds: Number(idle ?? 0) };
}

/** The limits that the Pod's agent should keep: a timeout above what its class allowed stays as it is. */
export function wantedLimits(sandbox: Sandbox, pod: Pod): TimeLimits {
  const asked = askedLimits(sandbox);
  const { timeoutSeconds } = keptLimits(pod);
  return asked.timeoutSeconds > longestTimeoutOf(pod) ? { ...asked, timeoutSeconds } : asked;
}

/** The longest timeout that the class allowed when the Pod was made. */
export function longestTimeoutOf({ metadata }: Pod): number {
  return Number(metadata.annotations?.[annotations.maxTimeoutSeconds] ?? MAX_TIMEOUT_SECONDS);
}

/** The timeout by which the operator judges: a raise counts before it is on record, since the agent may know it already. */
export function countedTimeout(sandbox: Sandbox, pod: Pod | undefined): number {
  if (pod === undefined) return askedLimits(sandbox).timeoutSeconds;
  return Math.max(keptLimits(pod).timeoutSeconds, wantedLimits(sandbox, pod).timeoutSeconds);
}

/** What says on a Pod which limits its agent keeps. */
export function limitAnnotations({ timeoutSeconds, idleTimeoutSeconds }: TimeLimits): Record<string, string> {
  return {
    [annotations.timeoutSeconds]: String(timeoutSeconds),
    [annotations.idleTimeoutSeconds]: String(idleTimeoutSeconds),
  };
}

/** What says on a new Pod which limits its agent is started with, and how far they can be raised. */
export function firstLimitAnnotations(sandbox: Sandbox, { maxima = {} }: SandboxClassSpec): Record<string, string> {
  return {
    ...limitAnnotations(askedLimits(sandbox)),
    [annotations.maxTimeoutSeconds]: String(maxima.timeoutSeconds ?? MAX_TIMEOUT_SECONDS),
  };
}

export function sameLimits(a: TimeLimits, b: TimeLimits): boolean {
  return a.timeoutSeconds === b.timeoutSeconds && a.idleTimeoutSeconds === b.idleTimeoutSeconds;
}

/** Seconds for one try; an agent that takes longer keeps others from their turn. */
const askSeconds = 20;

/**
 * Tells the agent of a Pod the limits from a generation of its sandbox on; answered when it keeps them. Its timeout may be
 * longer, up to `longest`: it may know of one that never came to be on record, and shortens none.
 */
export function limitsQuestion(
  target: LinkTarget,
  generation: number,
  wanted: TimeLimits,
  longest: number = wanted.timeoutSeconds,
): Question<TimeLimits> {
  return {
    target,
    id: limitsId(target.uid, wanted),
    async ask(agent, _, signal) {
      using within = deadline(askSeconds * 1000, signal);
      const kept = await orAborted(agent.setLimits({ generation, ...wanted }, within.signal), within.signal);
      const { timeoutSeconds, idleTimeoutSeconds } = kept;
      const isLonger = timeoutSeconds > wanted.timeoutSeconds && timeoutSeconds <= longest;
      if (!sameLimits(kept, isLonger ? { ...wanted, timeoutSeconds } : wanted))
        throw new Error(`The agent keeps other limits: ${JSON.stringify(kept)}`);
      return { timeoutSeconds, idleTimeoutSeconds };
    },
  };
}

/** The longest timeout that an agent may have been told: what the sandbox asks for, as far as its class allows it. */
export function longestTold(sandbox: Sandbox, pod: Pod): number {
  return Math.min(askedLimits(sandbox).timeoutSeconds, longestTimeoutOf(pod));
}

/** The id of that question. */
export function limitsId(podUid: string, { timeoutSeconds, idleTimeoutSeconds }: TimeLimits): string {
  return `${podUid} ${timeoutSeconds} ${idleTimeoutSeconds}`;
}

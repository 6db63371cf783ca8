import { LABELS } from "../../api/constants.ts";
import { type Sandbox, SANDBOX, type SandboxStatus } from "../../api/sandbox.ts";
import { NETWORK_POLICY, POD, type Pod } from "../../kube/objects.ts";
import type { Apply, Plan, Remove } from "../../runtime/plan.ts";
import { conditionOf } from "../conditions.ts";
import { allowPolicyFor, clusterNetwork, denyAllPolicyFor, networkLabel } from "../network/policy.ts";
import type { NetworkRule } from "../network/rule.ts";
import { isAs } from "../network/upkeep.ts";
import { type Admission, admissionAt } from "./admission.ts";
import { classTermsFor } from "./class-terms.ts";
import { sandboxEvents } from "./events.ts";
import { identityOf } from "./identity.ts";
import { type Moments, momentsOf } from "./lifetime.ts";
import { keptLimits, limitAnnotations, sameLimits } from "./limits.ts";
import type { Observed } from "./observed.ts";
import { holdOf, isReleased, orphanPlan, releaseOf } from "./orphan.ts";
import { ruleFor } from "./pod-inputs.ts";
import { hasEnded } from "./pod-state.ts";
import { sandboxStatus } from "./status.ts";

/** What to do about a sandbox now: its policies and Pod, the ends of both, its status, and when to look again. */
export function sandboxPlan(observed: Observed, now: Date): Plan<Sandbox> {
  const { sandbox, pod, earlierPod } = observed;
  const admission = admissionAt(observed, now);
  const status = sandboxStatus(observed, now, admission);
  const moments = momentsOf(observed, status, now);
  const orphan = earlierPod === undefined ? undefined : orphanPlan(earlierPod, observed.node, now);
  const isFinished = status.phase === "Finished";
  const hold = pod === undefined ? [] : isFinished ? releaseOf(pod) : holdOf(pod);
  const isReleasing = isFinished && hold.length > 0 && pod?.metadata.deletionTimestamp === undefined;
  return {
    apply: childrenOf(observed, admission, status, moments),
    remove: [...removalsFrom(observed, status, moments), ...(orphan?.remove ?? [])],
    // Performed after the status, so the end is on record before the Pod may go.
    finalizers: [...hold, ...(orphan?.finalizers ?? [])],
    ...(isNews(sandbox.status, status) && { status }),
    events: sandboxEvents(observed, status),
    ...requeueAfter([...Object.values(moments), orphan?.requeueAfter ?? 0], isReleasing),
  };
}

/**
 * That its Pod was made is worth no write: a new sandbox is stored as Created, and the scheduler has something to say a
 * moment later.
 */
function isNews(before: SandboxStatus | undefined, after: SandboxStatus): boolean {
  if (before?.conditions !== undefined || after.phase !== "Created") return true;
  const { conditions } = after;
  return conditionOf(conditions, "Scheduled")?.reason !== "Pending" || conditionOf(conditions, "Stalled") !== undefined;
}

/** A Pod that is released, and not being deleted, is looked at again at once: it may be due to go. */
function requeueAfter(moments: number[], released: boolean): Pick<Plan, "requeueAfter"> {
  if (released) return { requeueAfter: 0 };
  const ahead = moments.filter((milliseconds) => milliseconds > 0);
  return ahead.length === 0 ? {} : { requeueAfter: Math.min(...ahead) };
}

/** The policies come first: no Pod runs before what confines it. */
function childrenOf(
  observed: Observed,
  admission: Admission | undefined,
  status: SandboxStatus,
  moments: Moments,
): Apply[] {
  const { sandbox, pod } = observed;
  if (status.phase === "Finished" || sandbox.metadata.deletionTimestamp !== undefined) return [];
  if (pod !== undefined) return isToGo(sandbox, moments) ? [] : upkeepOf(observed, pod);
  if (admission?.kind !== "accepted") return [];
  return [...policiesFor(observed, ruleFor(observed)), { kind: POD, object: admission.pod, createOnly: true }];
}

/**
 * A running Pod keeps its policies; what its sandbox may reach can change, as the label that chooses among them, and so can
 * the limits that its agent keeps.
 */
function upkeepOf(observed: Observed, pod: Pod): Apply[] {
  if (classTermsFor(observed) === undefined || pod.metadata.deletionTimestamp !== undefined) return [];
  const rule = ruleFor(observed);
  const network = networkLabel(rule);
  const policies = policiesFor(observed, rule);
  const recorded = keptLimits(pod);
  const limits = observed.limits ?? recorded;
  if (pod.metadata.labels?.[LABELS.network] === network && sameLimits(limits, recorded)) return policies;
  // All that is ever changed of a Pod, together: what is applied without a field gives it up.
  const { name, namespace } = pod.metadata;
  const changed: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [LABELS.network]: network },
      annotations: limitAnnotations(limits),
    },
  };
  return [...policies, { kind: POD, object: changed }];
}

/** Those policies that are not there as they should be; the store answers, so that most sandboxes cost no request. */
function policiesFor({ sandbox, policies, settings, facts }: Observed, rule: NetworkRule): Apply[] {
  const namespace = sandbox.metadata.namespace ?? "default";
  const cluster = clusterNetwork(settings.network, facts);
  return [denyAllPolicyFor(namespace), allowPolicyFor(namespace, rule, cluster)]
    .filter((policy) => policy !== undefined)
    .filter((policy) => !policies.some((stored) => isAs(stored, policy)))
    .map((policy) => ({ kind: NETWORK_POLICY, object: policy, wholeSpec: true }));
}

function removalsFrom({ sandbox, pod }: Observed, status: SandboxStatus, moments: Moments): Remove[] {
  const expired = moments.expiry !== undefined && moments.expiry <= 0;
  return [
    ...(pod === undefined ? [] : podRemoval(sandbox, pod, status, moments)),
    ...(expired && sandbox.metadata.deletionTimestamp === undefined ? [{ kind: SANDBOX, ...identityOf(sandbox) }] : []),
  ];
}

/** What is to end is kept up no more: a failure to do so would hold up its end. */
function isToGo({ spec }: Sandbox, { overtime = 1 }: Moments): boolean {
  return spec.desiredState === "Terminated" || overtime <= 0;
}

/**
 * A Pod goes when its sandbox is to end, is past its deadline, or has ended and been kept for late readers. At the deadline
 * the rest of a grace that it is given ends as well.
 */
function podRemoval({ spec }: Sandbox, pod: Pod, status: SandboxStatus, moments: Moments): Remove[] {
  const removal = { kind: POD, ...identityOf(pod) };
  const { deletionTimestamp, deletionGracePeriodSeconds: given = 0 } = pod.metadata;
  const isGoing = deletionTimestamp !== undefined;
  if (status.phase === "Finished") {
    const keep = hasEnded(pod) && (moments.retention ?? 0) > 0;
    return !isGoing && isReleased(pod) && !keep ? [{ ...removal, gracePeriodSeconds: 0 }] : [];
  }
  if ((moments.overtime ?? 1) <= 0) return isGoing && given === 0 ? [] : [{ ...removal, gracePeriodSeconds: 0 }];
  if (isGoing || spec.desiredState !== "Terminated") return [];
  return [{ ...removal, gracePeriodSeconds: spec.terminationGracePeriodSeconds }];
}

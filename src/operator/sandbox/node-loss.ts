import type { Node, Pod } from "../../kube/objects.ts";
import { conditionOf } from "../conditions.ts";
import { millisecondsUntil } from "../time.ts";

/** The node that a Pod is on, or that the cluster has none of that name any more. */
export type NodeState = Node | "gone";

/** Seconds after which a node that does not answer is lost to a Pod that is being deleted. */
const unreachableSeconds = 60;

/** Milliseconds after which the node of such a Pod is looked at again. */
const lookMilliseconds = 10_000;

/**
 * Milliseconds until a Pod that is being deleted counts as stopped although its node has not said so, or until that may be
 * known; zero or less: it does. A node that answers is waited for, however long it takes: its kubelet may have just been
 * restarted, or be busy.
 */
export function untilLost(pod: Pod, node: NodeState | undefined, now: Date): number | undefined {
  if (pod.metadata.deletionTimestamp === undefined || pod.spec?.nodeName === undefined) return undefined;
  if (node === "gone") return 0;
  const ready = conditionOf(node?.status?.conditions, "Ready");
  const since = ready?.status === "Unknown" ? ready.lastTransitionTime : undefined;
  return since === undefined
    ? lookMilliseconds
    : Math.min(lookMilliseconds, millisecondsUntil(since, unreachableSeconds, now));
}

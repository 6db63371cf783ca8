import { LABELS } from "../../api/constants.ts";
import { POD, type Pod } from "../../kube/objects.ts";
import type { Plan } from "../../runtime/plan.ts";

/** How often a sandbox may come under another rule: every node hears of each change, and whoever may change a sandbox makes them. */
export const relabelRate = { burst: 60, refillMilliseconds: 1000, most: 10_000 };

/** The plan without another rule for a Pod that has had too many; `mayChange` is asked only where there is one. */
export function relabelledInTime<T extends Plan>(plan: T, pod: Pod | undefined, mayChange: () => boolean): T {
  if (pod === undefined || !plan.apply.some(({ kind, object }) => kind === POD && ruleOf(object) !== ruleOf(pod)))
    return plan;
  if (mayChange()) return plan;
  return { ...plan, apply: [], requeueAfter: Math.min(plan.requeueAfter ?? Infinity, relabelRate.refillMilliseconds) };
}

function ruleOf({ metadata }: Pick<Pod, "metadata">): string | undefined {
  return metadata.labels?.[LABELS.network];
}

import { type ReadinessProbe, READINESS_PROBE } from "../../api/readiness-probe.ts";
import type { SandboxApp } from "../../api/sandbox-app.ts";
import type { SandboxClass } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import type { Plan, SetFinalizers } from "../../runtime/plan.ts";
import { conditionsFrom, type Verdict } from "../conditions.ts";
import { probeFinalizer } from "../names.ts";
import { usageOf } from "./usage.ts";

/** The status of a probe, and its finalizer: it is kept while running sandboxes name it. */
export function probePlan(probe: ReadinessProbe, users: Sandbox[], now: Date): Plan<ReadinessProbe> {
  const usage = usageOf(users);
  const { metadata, status: before } = probe;
  const isKept = metadata.deletionTimestamp === undefined || usage.sandboxes > 0;
  const deferred: Verdict[] =
    metadata.deletionTimestamp !== undefined && isKept
      ? [
          {
            type: "DeletionDeferred",
            status: "True",
            reason: "InUse",
            message: `${usage.sandboxes} running sandboxes name it.`,
          },
        ]
      : [];
  const finalizers = finalizersFor(metadata, isKept);
  // Alone: a status written in the same pass would make the version stale that guards them.
  if (finalizers.length > 0) return { apply: [], remove: [], finalizers, events: [], requeueAfter: 0 };
  const conditions = conditionsFrom(deferred, before?.conditions, metadata.generation, now);
  return {
    apply: [],
    remove: [],
    status: { ...usage, ...(conditions.length === 0 ? {} : { conditions }), ...observedGeneration(metadata) },
    events: [],
  };
}

/** The status of an app. */
export function appPlan(app: SandboxApp, members: Sandbox[]): Plan<SandboxApp> {
  const { ready: _, failed: __, ...usage } = usageOf(members);
  return { apply: [], remove: [], status: { ...usage, ...observedGeneration(app.metadata) }, events: [] };
}

/** The status of a class. */
export function classPlan(sandboxClass: SandboxClass, members: Sandbox[]): Plan<SandboxClass> {
  const { sandboxes } = usageOf(members);
  return { apply: [], remove: [], status: { sandboxes, ...observedGeneration(sandboxClass.metadata) }, events: [] };
}

function finalizersFor(
  { name, namespace, resourceVersion = "", finalizers = [], deletionTimestamp }: ObjectMeta,
  kept: boolean,
): SetFinalizers[] {
  if (finalizers.includes(probeFinalizer) === kept) return [];
  // The API server takes none any more.
  if (kept && deletionTimestamp !== undefined) return [];
  const others = finalizers.filter((finalizer) => finalizer !== probeFinalizer);
  return [
    {
      kind: READINESS_PROBE,
      name: { name, ...(namespace === undefined ? {} : { namespace }) },
      resourceVersion,
      finalizers: kept ? [...others, probeFinalizer] : others,
    },
  ];
}

function observedGeneration({ generation }: ObjectMeta): { observedGeneration?: number } {
  return generation === undefined ? {} : { observedGeneration: generation };
}

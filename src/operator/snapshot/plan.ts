import type { SandboxSnapshot } from "../../api/snapshot.ts";
import type { Plan } from "../../runtime/plan.ts";
import { conditionsFrom } from "../conditions.ts";

const reason = "NotSupported";
const message = "This version of Sandkeep takes no snapshots: nothing was stored. Delete it.";

/** A snapshot fails at once and says why, as none can be taken yet. */
export function snapshotPlan({ metadata, status: before }: SandboxSnapshot, now: Date): Plan<SandboxSnapshot> {
  const { generation, deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined) return { apply: [], remove: [], events: [] };
  const stalled = { type: "Stalled", status: "True", reason, message } as const;
  return {
    apply: [],
    remove: [],
    status: {
      phase: "Failed",
      reason,
      message,
      conditions: conditionsFrom([stalled], before?.conditions, generation, now),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    },
    events: before?.phase === "Failed" ? [] : [{ type: "Warning", reason, message }],
  };
}

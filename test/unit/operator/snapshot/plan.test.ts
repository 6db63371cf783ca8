import { expect, test } from "vitest";
import { type SandboxSnapshot, sandboxSnapshotSchema } from "../../../../src/api/snapshot.ts";
import { snapshotPlan } from "../../../../src/operator/snapshot/plan.ts";
import { now } from "../builders.ts";

function aSnapshot(status?: SandboxSnapshot["status"]): SandboxSnapshot {
  return sandboxSnapshotSchema.parse({
    metadata: { name: "p", namespace: "n", generation: 1 },
    spec: { sandboxName: "s" },
    ...(status && { status }),
  });
}

test("a snapshot is not silently ignored: it fails, with a condition and one Event that say why", () => {
  const { status, events } = snapshotPlan(aSnapshot(), now);
  expect(status).toMatchObject({
    phase: "Failed",
    reason: "NotSupported",
    message: expect.stringContaining("takes no snapshots"),
    conditions: [{ type: "Stalled", status: "True", reason: "NotSupported" }],
    observedGeneration: 1,
  });
  expect(events).toMatchObject([{ type: "Warning", reason: "NotSupported" }]);
  const again = snapshotPlan(aSnapshot(status), new Date(now.getTime() + 10_000));
  expect(again).toMatchObject({ status, events: [] });
});

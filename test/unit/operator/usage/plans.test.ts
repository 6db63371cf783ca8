import { describe, expect, test } from "vitest";
import { type ReadinessProbe, readinessProbeSchema } from "../../../../src/api/readiness-probe.ts";
import type { Sandbox, SandboxStatus } from "../../../../src/api/sandbox.ts";
import { probePlan } from "../../../../src/operator/usage/plans.ts";
import { usageOf } from "../../../../src/operator/usage/usage.ts";
import { ago, aSandbox, now } from "../builders.ts";

function ready(milliseconds: number, phase: SandboxStatus["phase"] = "Ready"): Sandbox {
  const readyAt = new Date(Date.parse(ago(60)) + milliseconds).toISOString();
  return aSandbox({}, { phase: phase ?? "Ready", startedAt: ago(60), readyAt });
}

function aProbe(metadata: object = {}): ReadinessProbe {
  return readinessProbeSchema.parse({
    metadata: { name: "p", namespace: "n", generation: 2, resourceVersion: "5", ...metadata },
    spec: { tcp: { port: 80 } },
  });
}

describe("usageOf", () => {
  test("counts running sandboxes, and times of finished ones too", () => {
    const failed = aSandbox(
      {},
      {
        phase: "Started",
        conditions: [
          { type: "Ready", status: "False", reason: "ProbeTimedOut", message: "", lastTransitionTime: ago(1) },
        ],
      },
    );
    expect(usageOf([ready(100), ready(300, "Finished"), failed, aSandbox()])).toEqual({
      sandboxes: 3,
      ready: 1,
      failed: 1,
      p50Milliseconds: 100,
      p95Milliseconds: 300,
    });
  });

  test("without a ready sandbox there are no times", () => {
    expect(usageOf([])).toEqual({ sandboxes: 0, ready: 0, failed: 0 });
  });
});

describe("probePlan", () => {
  const finalizers = ["sandkeep.dev/in-use"];
  const deleted = { deletionTimestamp: ago(1), finalizers };

  test("a probe gets the finalizer that defers its deletion", () => {
    expect(probePlan(aProbe(), [], now).finalizers).toMatchObject([{ resourceVersion: "5", finalizers }]);
    expect(probePlan(aProbe({ finalizers }), [], now).finalizers).toBeUndefined();
  });

  test("a deleted probe stays while a running sandbox names it, and says so", () => {
    const plan = probePlan(aProbe(deleted), [aSandbox()], now);
    expect(plan.finalizers).toBeUndefined();
    expect(plan.status?.conditions).toMatchObject([{ type: "DeletionDeferred", reason: "InUse" }]);
  });

  test("a probe that is being deleted without the finalizer is left alone: none can be added any more", () => {
    const plan = probePlan(aProbe({ ...deleted, finalizers: ["other"] }), [aSandbox()], now);
    expect(plan.finalizers).toBeUndefined();
  });

  test("a deleted probe goes when only finished sandboxes name it", () => {
    expect(probePlan(aProbe(deleted), [ready(1, "Finished")], now).finalizers).toMatchObject([{ finalizers: [] }]);
  });
});

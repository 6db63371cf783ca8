import { expect, test } from "vitest";
import { SANDBOX_SNAPSHOT, sandboxSnapshotSchema } from "../../../src/api/snapshot.ts";
import { SANDBOX, type Sandbox, type SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { initialStatusOf } from "../../../src/api/crd.ts";
import { sandboxStatus } from "../../../src/operator/sandbox/status.ts";
import type { Observed } from "../../../src/operator/sandbox/observed.ts";
import { snapshotPlan } from "../../../src/operator/snapshot/plan.ts";
import { aClass, ago, aPod, aSandbox, now, observed, terminated, waiting, type PodParts } from "./builders.ts";

const running: PodParts = { node: "a", phase: "Running", state: { running: { startedAt: ago(1) } } };
const probe = { readinessProbe: { tcp: { port: 80 } } } satisfies SandboxSpecInput;

/** A sandbox as it is stored once the operator has seen this. */
function sandbox(spec: SandboxSpecInput, pod?: PodParts, rest: Partial<Observed> = {}): Sandbox {
  const bare = aSandbox(spec);
  const seen = observed({ sandbox: bare, ...(pod && { pod: aPod(pod, bare) }), ...rest });
  return { ...bare, kind: "Sandbox", status: sandboxStatus(seen, now) };
}

const snapshot = sandboxSnapshotSchema.parse({
  kind: "SandboxSnapshot",
  metadata: { name: "s", namespace: "n", generation: 1 },
  spec: { sandboxName: "s" },
});

/** Objects that test/gitops shows to the code of GitOps tools, by file. */
const states: Record<string, object> = {
  new: { ...aSandbox({}, initialStatusOf(SANDBOX)), kind: "Sandbox" },
  changed: { ...sandbox({}, running), metadata: { ...aSandbox().metadata, generation: 2 } },
  created: sandbox({}, { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] }),
  scheduled: sandbox({}, { node: "a" }),
  started: sandbox({}, running),
  "being-deleted": { ...sandbox({}, running), metadata: { ...aSandbox().metadata, deletionTimestamp: ago(0) } },
  probing: sandbox(probe, running),
  "probe-timed-out": sandbox(probe, running, { readiness: { state: "failed", message: "Nothing listens." } }),
  ready: sandbox(probe, running, { readiness: { state: "ready", message: "" } }),
  completed: sandbox({}, { node: "a", state: terminated(0, '{"reason":"Completed"}') }),
  error: sandbox({}, { node: "a", state: terminated(3, '{"reason":"Error"}') }),
  terminated: sandbox({ desiredState: "Terminated" }),
  "image-unavailable": sandbox({}, { node: "a", state: waiting("InvalidImageName", "no such name") }),
  rejected: sandbox({ timeoutSeconds: 100 }, undefined, { sandboxClass: aClass({ maxima: { timeoutSeconds: 10 } }) }),
  "snapshot-new": { ...snapshot, status: initialStatusOf(SANDBOX_SNAPSHOT) },
  "snapshot-failed": { ...snapshot, status: snapshotPlan(snapshot, now).status },
};

test.each(Object.entries(states))("the state %s is in test/gitops/testdata", async (name, object) => {
  await expect(
    `${JSON.stringify({ apiVersion: "sandkeep.dev/v1alpha1", ...object }, undefined, 2)}\n`,
  ).toMatchFileSnapshot(`../../gitops/testdata/${name}.json`);
});

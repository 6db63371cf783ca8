import { expect, test } from "vitest";
import { type ReadinessProbe, READINESS_PROBE } from "../../../src/api/readiness-probe.ts";
import { POD } from "../../../src/kube/objects.ts";
import { releaseFinalizers } from "../../../src/operator/release-finalizers.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, small } from "./world.ts";

test("once the operator is uninstalled nothing waits for it, and when it is back it holds its Pods again", async () => {
  await using world = await operatorWorld();
  const { kube, namespace } = world;
  const pod = { namespace, name: "runs" };
  const probe = { namespace, name: "probe" };
  await kube.create(READINESS_PROBE, { metadata: probe, spec: { exec: { command: ["true"] } } } as ReadinessProbe);
  await world.create("runs", { ...small, readinessProbeName: "probe" });
  await world.reaches("runs", "Ready");
  await waitFor(
    "the probe's finalizer",
    async () => (await kube.get(READINESS_PROBE, probe)).metadata.finalizers?.length === 1,
  );

  await world.stop();
  try {
    expect(await releaseFinalizers(kube, AbortSignal.timeout(30_000), namespace)).toBeGreaterThanOrEqual(2);
    expect((await kube.get(POD, pod)).metadata.finalizers ?? []).toEqual([]);
    await kube.delete(READINESS_PROBE, probe);
    await waitFor("the probe to go", async () => (await kube.list(READINESS_PROBE, { namespace })).items.length === 0);
  } finally {
    await world.start();
  }
  await waitFor("the Pod to be held", async () => (await kube.get(POD, pod)).metadata.finalizers?.length === 1);
});

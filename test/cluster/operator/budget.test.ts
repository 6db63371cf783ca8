import { afterAll, beforeAll, expect, test } from "vitest";
import { SANDBOX, type SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { queueSeconds, reconciles } from "../../../src/runtime/metrics.ts";
import { sleep } from "../../../src/lib/sleep.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small, untilToldTo } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
  await costOf("before", {});
});
afterAll(() => world[Symbol.asyncDispose]());

/** What a sandbox cost that ran for a while and ended: writes by kind, and passes. */
async function costOf(
  name: string,
  spec: SandboxSpecInput,
  end: "exits" | "is terminated" = "exits",
): Promise<{ writes: Record<string, number>; passes: number }> {
  const passesBefore = await settledPasses();
  const before = world.writes.length;
  await world.create(name, { ...small, command: untilToldTo(0), ...spec });
  await world.reaches(name, spec.readinessProbe === undefined ? "Started" : "Ready");
  if (end === "exits") await world.execute(name, "touch", "/tmp/go");
  else
    await world.kube.mergePatch(
      SANDBOX,
      { namespace: world.namespace, name },
      { spec: { desiredState: "Terminated" } },
    );
  await world.reaches(name, "Finished");
  const steps = spec.readinessProbe === undefined ? 3 : 4;
  const times = (kind: string): number => world.writes.slice(before).filter((write) => write === kind).length;
  await waitFor(
    "the Events and the release of the Pod and the name",
    () =>
      times("create events") === steps &&
      times("patch pods") > 0 &&
      times("delete leases") === (spec.name === undefined ? 0 : 1),
  );
  await waitFor("the node's last word", async () => {
    const phase = (await world.pod(name))?.status?.phase;
    return phase === undefined || phase === "Succeeded" || phase === "Failed";
  });
  const passes = (await settledPasses()) - passesBefore;
  const writes: Record<string, number> = {};
  for (const write of world.writes.slice(before).filter(isOfSandboxes)) writes[write] = (writes[write] ?? 0) + 1;
  await world.kube.delete(SANDBOX, { namespace: world.namespace, name });
  await waitFor("its Pod to go", async () => (await world.pod(name)) === undefined);
  return { writes, passes };
}

/** Classes are the whole cluster's. */
function isOfSandboxes(write: string): boolean {
  return !write.includes("sandboxclasses");
}

/** How often the operator has looked at sandboxes, once it rests: there is one at a time. A pass counts when it is over. */
async function settledPasses(): Promise<number> {
  let count = await passesSoFar();
  await waitFor("the operator to rest", async () => {
    const before = count;
    await sleep(300);
    count = await passesSoFar();
    return count === before && count === (await passesBegun());
  });
  return count;
}

async function passesBegun(): Promise<number> {
  const { values } = await queueSeconds.get();
  const isBegun = ({ metricName, labels }: (typeof values)[number]) =>
    metricName === "sandkeep_queue_wait_seconds_count" && labels.controller === "sandbox";
  return values.filter(isBegun).reduce((sum, { value }) => sum + value, 0);
}

async function passesSoFar(): Promise<number> {
  const { values } = await reconciles.get();
  return values.filter(({ labels }) => labels.controller === "sandbox").reduce((sum, { value }) => sum + value, 0);
}

/** An operator that is slow to see two steps writes one status for both. */
function atMost(most: number): unknown {
  return expect.toSatisfy((count: number) => count <= most, `is at most ${most}`);
}

test("a sandbox's life costs five writes besides its Events", async () => {
  expect(await costOf("plain", {})).toEqual({
    writes: { "create pods": 1, "apply sandboxes/status": atMost(3), "create events": 3, "patch pods": 1 },
    passes: atMost(10),
  });
});

test("a termination adds the deletion of the Pod", async () => {
  expect(await costOf("terminated", {}, "is terminated")).toEqual({
    writes: {
      "create pods": 1,
      "apply sandboxes/status": atMost(3),
      "create events": 3,
      "delete pods": 1,
      "patch pods": 1,
    },
    passes: atMost(10),
  });
});

test("a name adds the Lease by which it is held", async () => {
  expect(await costOf("named", { name: "n" })).toEqual({
    writes: {
      "create leases": 1,
      "create pods": 1,
      "apply sandboxes/status": atMost(3),
      "create events": 3,
      "patch pods": 1,
      "delete leases": 1,
    },
    passes: atMost(10),
  });
});

test("an ENTRYPOINT that has to be looked up adds no write", async () => {
  expect(await costOf("looked-up", { command: [], args: untilToldTo(0) })).toEqual({
    writes: { "create pods": 1, "apply sandboxes/status": atMost(3), "create events": 3, "patch pods": 1 },
    passes: atMost(10),
  });
});

test("a probe adds a status and an Event", async () => {
  expect(await costOf("probed", { readinessProbe: { exec: { command: ["true"] } } })).toEqual({
    writes: { "create pods": 1, "apply sandboxes/status": atMost(4), "create events": 4, "patch pods": 1 },
    passes: atMost(10),
  });
});

test("a sandbox that runs costs no write", async () => {
  await world.create("rests", small);
  await world.reaches("rests", "Started");
  await settledPasses();
  const before = world.writes.length;
  await sleep(2_000);
  expect(world.writes.slice(before).filter(isOfSandboxes)).toEqual([]);
});

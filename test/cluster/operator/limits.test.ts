import { afterAll, beforeAll, expect, test } from "vitest";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const sleeping = { ...small, command: ["sleep", "1000"] };

async function change(name: string, spec: object): Promise<number> {
  const { metadata } = await world.kube.mergePatch(SANDBOX, { namespace: world.namespace, name }, { spec });
  return metadata.generation ?? 0;
}

function observed(name: string, generation: number): Promise<true> {
  return waitFor(
    `generation ${generation} of ${name} to be observed`,
    async () => (await world.get(name)).status?.observedGeneration === generation,
  );
}

/** Milliseconds from Started to Finished, as the operator saw them. */
function lifeOf({ startedAt = "", finishedAt = "" }: { startedAt?: string; finishedAt?: string } = {}): number {
  return Date.parse(finishedAt) - Date.parse(startedAt);
}

test("a timeout that is raised while the sandbox runs counts, also when no operator is there for a while", async () => {
  await world.create("raised", { ...sleeping, timeoutSeconds: 8 });
  await world.reaches("raised", "Started");
  await world.stop();
  const generation = await change("raised", { timeoutSeconds: 12 });
  await world.start();
  await observed("raised", generation);
  const { annotations } = (await world.pod("raised"))?.metadata ?? {};
  expect(annotations).toMatchObject({
    "sandkeep.dev/timeout-seconds": "12",
    "sandkeep.dev/idle-timeout-seconds": "0",
  });
  expect((await world.pod("raised"))?.metadata.labels).toHaveProperty("sandkeep.dev/network");
  const { status } = await world.reaches("raised", "Finished");
  expect(status).toMatchObject({ reason: "Timeout", exitCode: 124, message: expect.stringContaining("(12)") });
  expect(lifeOf(status)).toBeGreaterThan(10_000);
});

test("a sandbox ends when it is idle for its idleTimeoutSeconds, which can be set while it runs", async () => {
  await world.create("idle", { ...sleeping, idleTimeoutSeconds: 2 });
  await world.create("later", sleeping);
  await world.reaches("later", "Started");
  await change("later", { idleTimeoutSeconds: 1 });
  for (const name of ["idle", "later"])
    expect((await world.reaches(name, "Finished")).status).toMatchObject({ reason: "IdleTimeout", exitCode: 124 });
});

test("an idle timeout that is taken away has no effect any more", async () => {
  await world.create("kept", { ...sleeping, idleTimeoutSeconds: 15, timeoutSeconds: 300 });
  await world.reaches("kept", "Started");
  await observed("kept", await change("kept", { idleTimeoutSeconds: null }));
  expect((await world.pod("kept"))?.metadata.annotations).toMatchObject({ "sandkeep.dev/idle-timeout-seconds": "0" });
});

test("a timeout above what the class allowed has no effect and is said; a lower one is refused", async () => {
  const className = await world.createClass({ maxima: { timeoutSeconds: 600 } });
  await world.create("bounded", { ...sleeping, className, timeoutSeconds: 300 });
  await world.reaches("bounded", "Started");
  await change("bounded", { timeoutSeconds: 601 });
  const stalled = await waitFor("the condition", async () =>
    (await world.get("bounded")).status?.conditions?.find(({ type }) => type === "Stalled"),
  );
  expect(stalled).toMatchObject({
    reason: "ClassLimit",
    message: expect.stringMatching(/601 is more than 600.*keeps 300/),
  });
  await expect(change("bounded", { timeoutSeconds: 299 })).rejects.toThrow("timeoutSeconds may be raised, not lowered");
});

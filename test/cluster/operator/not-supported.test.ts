import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { SANDBOX_SNAPSHOT, type SandboxSnapshot } from "../../../src/api/snapshot.ts";
import { EVENT } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe("a sandbox that runs says that it is without effect, and goes on, when it is given", () => {
  const rows: [what: string, spec: object, says: RegExp][] = [
    ["a proxy", { network: { proxyName: "p" } }, /^spec\.network\.proxyName came too late/],
  ];
  test.each(rows)("%s", async (what, spec, says) => {
    const name = what.replaceAll(" ", "-");
    await world.create(name, small);
    await world.reaches(name, "Started");
    const before = await world.pod(name);
    const changed = await world.kube.mergePatch(SANDBOX, { namespace: world.namespace, name }, { spec });

    const { status } = await waitFor("the condition", async () => {
      const sandbox = await world.get(name);
      return sandbox.status?.conditions?.some(({ type }) => type === "Stalled") ? sandbox : undefined;
    });
    const stalled = status?.conditions?.find(({ type }) => type === "Stalled");
    expect(stalled).toMatchObject({
      status: "True",
      reason: "NotSupported",
      observedGeneration: changed.metadata.generation,
    });
    expect(stalled?.message).toMatch(says);
    expect(status?.phase).toBe("Started");
    const after = await world.pod(name);
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.status?.containerStatuses?.[0]?.state?.running).toBeDefined();
  });
});

test("a snapshot fails and says that nothing was stored, in its status and in an Event", async () => {
  const { kube, namespace } = world;
  await world.create("source", small);
  await world.reaches("source", "Started");
  const name = "snapshot";
  await kube.create(SANDBOX_SNAPSHOT, {
    metadata: { name, namespace },
    spec: { sandboxName: "source" },
  } as SandboxSnapshot);
  const { status } = await waitFor("the snapshot to fail", async () => {
    const snapshot = await kube.get(SANDBOX_SNAPSHOT, { namespace, name });
    return snapshot.status?.phase === "Failed" ? snapshot : undefined;
  });
  expect(status).toMatchObject({
    reason: "NotSupported",
    message: expect.stringContaining("nothing was stored"),
    conditions: [{ type: "Stalled", status: "True", reason: "NotSupported" }],
  });
  await waitFor("the Event", async () => {
    const { items } = await kube.list(EVENT, { namespace });
    return items.some(({ regarding, reason }) => regarding?.kind === "SandboxSnapshot" && reason === "NotSupported");
  });
  expect((await world.get("source")).status?.phase).toBe("Started");
});

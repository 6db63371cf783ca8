import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { EVENT, POD, SECRET } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small, untilToldTo } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const sleeping = { ...small, command: ["sleep", "1000"] };
const gone = (name: string): Promise<true> =>
  waitFor(`Pod ${name} to go`, async () => (await world.pod(name)) === undefined);

test("a sandbox passes its phases and keeps its times, its exit code and one Event per step", async () => {
  await world.create("phases", { ...small, command: untilToldTo(3) });
  await world.reaches("phases", "Started");
  await world.execute("phases", "touch", "/tmp/go");
  const { status = {} } = await world.reaches("phases", "Finished");
  expect(status).toMatchObject({ reason: "Error", exitCode: 3, podName: "phases", observedGeneration: 1 });
  expect(status.image).toContain("@sha256:");
  const { scheduledAt = "", startedAt = "", finishedAt = "" } = status;
  for (const time of [scheduledAt, startedAt, finishedAt]) expect(time).toMatch(/^\d{4}-.*\.\d{6}Z$/);
  expect([scheduledAt, startedAt, finishedAt].toSorted()).toEqual([scheduledAt, startedAt, finishedAt]);
  expect(status.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
    "Scheduled=True",
    "Started=True",
    "Finished=True",
  ]);
  const events = await waitFor("the Events", async () => {
    const { items } = await world.kube.list(EVENT, { namespace: world.namespace });
    const ours = items.filter(({ regarding }) => regarding?.kind === "Sandbox" && regarding.name === "phases");
    return ours.length === 3 ? ours : undefined;
  });
  expect(new Set(events.map(({ reason }) => reason))).toEqual(new Set(["Error", "Scheduled", "Started"]));
  await waitFor("the Pod to be released", async () => (await world.pod("phases"))?.metadata.finalizers === undefined);
});

test("a sandbox without a command stays up until it is terminated, and its record stays", async () => {
  await world.create("stays", small);
  await world.reaches("stays", "Started");
  await world.kube.mergePatch(
    SANDBOX,
    { namespace: world.namespace, name: "stays" },
    { spec: { desiredState: "Terminated" } },
  );
  const { status } = await world.reaches("stays", "Finished");
  expect(status).toMatchObject({ reason: "Terminated", exitCode: 137 });
  await gone("stays");
});

test("a sandbox is ended by its timeout", async () => {
  await world.create("timeout", { ...sleeping, timeoutSeconds: 2 });
  const { status } = await world.reaches("timeout", "Finished");
  expect(status).toMatchObject({ reason: "Timeout", exitCode: 124 });
});

test("deleting a sandbox takes its Pod along", async () => {
  await world.create("deleted", sleeping);
  await world.reaches("deleted", "Started");
  await world.kube.delete(SANDBOX, { namespace: world.namespace, name: "deleted" });
  await gone("deleted");
});

test("a name is free again at once: the next sandbox waits for the Pod of the one before", async () => {
  await world.create("again", sleeping);
  const first = await world.reaches("again", "Started");
  await world.kube.delete(SANDBOX, { namespace: world.namespace, name: "again" });
  await world.create("again", sleeping);
  const second = await world.reaches("again", "Started");
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
});

test("a record is deleted ttlSecondsAfterFinished after its end", async () => {
  await world.create("short", { ...small, command: ["true"], ttlSecondsAfterFinished: 1 });
  await waitFor("the record to go", async () => {
    const { items } = await world.kube.list(SANDBOX, { namespace: world.namespace });
    return !items.some(({ metadata }) => metadata.name === "short");
  });
  await gone("short");
});

test("a Pod deleted behind the operator's back still tells how it ended", async () => {
  await world.create("behind", sleeping);
  await world.reaches("behind", "Started");
  await world.kube.delete(POD, { namespace: world.namespace, name: "behind" });
  const { status } = await world.reaches("behind", "Finished");
  expect(status).toMatchObject({ reason: "PodDeleted", exitCode: 137 });
  await gone("behind");
});

test("an environment comes from values and Secrets", async () => {
  const { namespace } = world;
  await world.kube.create(SECRET, { metadata: { name: "key", namespace }, stringData: { KEY: "two" } });
  const command = ["sh", "-c", '[ "$ONE-$KEY" = one-two ]'];
  await world.create("env", {
    ...small,
    command,
    env: [{ name: "ONE", value: "one" }],
    envFrom: [{ secretRef: { name: "key" } }],
  });
  expect((await world.reaches("env", "Finished")).status).toMatchObject({ reason: "Completed", exitCode: 0 });
});

describe("while the operator is down", () => {
  test("ends and deletions are kept and recorded by the next one, and nothing new is missed", async () => {
    const { namespace } = world;
    await world.create("ends", { ...small, command: untilToldTo(5) });
    await world.create("removed", sleeping);
    await world.reaches("ends", "Started");
    await world.reaches("removed", "Started");
    await world.stop();
    try {
      await world.execute("ends", "touch", "/tmp/go");
      await world.kube.delete(POD, { namespace, name: "removed" });
      await world.create("created", { ...small, command: ["true"] });
      await waitFor("the Pod to end", async () => (await world.pod("ends"))?.status?.phase === "Failed");
      await waitFor("the Pod to stop", async () => (await world.pod("removed"))?.status?.phase === "Failed");
    } finally {
      await world.start();
    }
    expect((await world.reaches("ends", "Finished")).status).toMatchObject({ reason: "Error", exitCode: 5 });
    expect((await world.reaches("removed", "Finished")).status).toMatchObject({ reason: "PodDeleted" });
    expect((await world.reaches("created", "Finished")).status).toMatchObject({ reason: "Completed" });
  });
});

import { afterAll, beforeAll, expect, test } from "vitest";
import { type ReadinessProbe, READINESS_PROBE } from "../../../src/api/readiness-probe.ts";
import type { SandboxStatus } from "../../../src/api/sandbox.ts";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const fileIsThere = { exec: { command: ["test", "-e", "/tmp/ready"] } };
const makeReady = (name: string): Promise<void> => world.execute(name, "touch", "/tmp/ready");

function readyCondition({ conditions }: SandboxStatus = {}):
  | { status: string; reason: string; message: string }
  | undefined {
  return conditions?.find(({ type }) => type === "Ready");
}

test("a command that succeeds makes a sandbox ready", async () => {
  await world.create("exec", { ...small, readinessProbe: fileIsThere });
  const started = await world.reaches("exec", "Started");
  expect(readyCondition(started.status)).toMatchObject({ status: "False", reason: "Probing" });
  await makeReady("exec");
  const { status } = await world.reaches("exec", "Ready");
  expect(readyCondition(status)).toMatchObject({ status: "True", reason: "ProbeSucceeded" });
  expect(Date.parse(status?.readyAt ?? "")).toBeGreaterThanOrEqual(Date.parse(status?.startedAt ?? ""));
});

test("a port that accepts makes a sandbox ready", async () => {
  const serve = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080)";
  const command = ["python3", "-c", serve];
  await world.create("tcp", { ...small, image: "python:3.11-slim", command, readinessProbe: { tcp: { port: 8080 } } });
  await world.reaches("tcp", "Ready");
});

test("a probe that does not succeed in time leaves the sandbox running and says so", async () => {
  await world.create("never", { ...small, readinessProbe: { tcp: { port: 9 }, timeoutSeconds: 1 } });
  const status = await waitFor("the probe to time out", async () => {
    const { status } = await world.get("never");
    return readyCondition(status)?.reason === "ProbeTimedOut" ? status : undefined;
  });
  expect(status.phase).toBe("Started");
});

test("an operator that starts later finds out that a sandbox is ready", async () => {
  await world.create("later", { ...small, readinessProbe: fileIsThere });
  await world.reaches("later", "Started");
  await world.stop();
  await makeReady("later");
  await world.start();
  await world.reaches("later", "Ready");
});

test("a named probe counts its sandboxes, and its deletion waits for them", async () => {
  const { kube, namespace } = world;
  const name = "file";
  const get = (): Promise<ReadinessProbe> => kube.get(READINESS_PROBE, { namespace, name });
  await kube.create(READINESS_PROBE, { metadata: { name, namespace }, spec: fileIsThere } as ReadinessProbe);
  await world.create("named", { ...small, readinessProbeName: name });
  await world.reaches("named", "Started");
  await makeReady("named");
  await world.reaches("named", "Ready");
  const { status } = await waitFor("the counts", async () => {
    const probe = await get();
    return probe.status?.ready === 1 ? probe : undefined;
  });
  expect(status).toMatchObject({ sandboxes: 1, ready: 1, failed: 0 });
  const { startedAt = "", readyAt = "" } = (await world.get("named")).status ?? {};
  expect(status?.p50Milliseconds).toBeCloseTo(Date.parse(readyAt) - Date.parse(startedAt), -1);

  await kube.delete(READINESS_PROBE, { namespace, name });
  await waitFor("the deletion to be deferred", async () => {
    const { status } = await get();
    return status?.conditions?.some(({ type }) => type === "DeletionDeferred");
  });
  await kube.mergePatch(SANDBOX, { namespace, name: "named" }, { spec: { desiredState: "Terminated" } });
  await waitFor("the probe to go", async () => (await kube.list(READINESS_PROBE, { namespace })).items.length === 0);
});

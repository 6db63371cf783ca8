import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { phasesOf } from "./phases.ts";
import { newTenant, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

const every = ["Created", "Scheduled", "Started", "Ready", "Finished"];

test("the sample passes every phase in order and ends with its exit code", async () => {
  const { phases, last } = await phasesOf(tenant, "hello", () =>
    tenant.kubectl(["apply", "-f", "config/samples/hello.yaml"]),
  );
  // An operator that is slow to see two steps writes one status for both; each leaves its time.
  expect(phases).toEqual(every.filter((phase) => phases.includes(phase)));
  expect([phases.at(0), phases.at(-1)]).toEqual(["Created", "Finished"]);
  const { scheduledAt, startedAt, readyAt, finishedAt, exitCode, reason } = last.status ?? {};
  expect({ exitCode, reason }).toEqual({ exitCode: 0, reason: "Completed" });
  const times = [scheduledAt, startedAt, readyAt, finishedAt];
  expect(times).toEqual(times.toSorted((a, b) => String(a).localeCompare(String(b))));
  for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test("kubectl get shows its app, phase, image and exit code, and kubectl logs what it wrote", async () => {
  const table = await tenant.kubectl(["get", "sandboxes"]);
  const [head, row] = table.trim().split("\n");
  expect(head?.split(/\s{2,}/)).toEqual(["NAME", "APP", "NAME", "PHASE", "READY", "IMAGE", "EXIT", "AGE"]);
  expect(row).toMatch(/^hello\s+default\s.*Finished\s.*\s0\s+\S+$/);
  expect(await tenant.kubectl(["logs", "hello"])).not.toBe("");
});

test("each transition left one event", async () => {
  const reasons = await waitFor("the events", async () => {
    const { items } = JSON.parse(await tenant.kubectl(["get", "events.events.k8s.io", "-o", "json"])) as {
      items: { reason: string; regarding: { kind: string; name: string } }[];
    };
    const ours = items.filter(({ regarding }) => regarding.kind === "Sandbox").map(({ reason }) => reason);
    return ours.length >= 4 && ours;
  });
  expect(reasons.toSorted((a, b) => a.localeCompare(b))).toEqual(["Completed", "Ready", "Scheduled", "Started"]);
});

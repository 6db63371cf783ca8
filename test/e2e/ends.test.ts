import { afterAll, beforeAll, expect, test } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

const image = "busybox:stable";

test("a process that ignores signals is ended at once, and the record says Terminated", async () => {
  const { id } = await tenant.gateway.create({ spec: { ...small, image } }, "started");
  const command = ["sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"];
  const frames = await tenant.gateway.follow(`/sandboxes/${id}/exec`, { command });
  expect(JSON.parse(String((await frames.next()).value))).toHaveProperty("process");
  const ended = await tenant.gateway.send("POST", `/sandboxes/${id}/terminate?wait=true`);
  expect(ended).toMatchObject({ status: 200, json: { status: { reason: "Terminated", exitCode: 137 } } });
  expect(JSON.parse(String((await frames.next()).value))).toMatchObject({ exit: { code: 137 } });
});

/** Says when it has a trap for SIGTERM, and stays. */
function trapping(action: string): string[] {
  return ["sh", "-c", `trap '${action}' TERM; echo set; while :; do sleep 0.1; done`];
}

test("a command has its grace period to end by itself, and is killed when that is over", async () => {
  const spec = { ...small, image, terminationGracePeriodSeconds: 2 };
  const polite = await tenant.gateway.create({ spec: { ...spec, command: trapping("echo bye; exit 7") } }, "started");
  const stubborn = await tenant.gateway.create({ spec: { ...spec, command: trapping("") } }, "started");
  await waitFor("the trap", async () => (await tenant.kubectl(["logs", stubborn.id])).includes("set"));
  const said = await tenant.gateway.follow(`/sandboxes/${polite.id}/processes/entrypoint/stdout`);
  expect((await said.next()).value).toBe("set");
  for (const { id } of [polite, stubborn]) await tenant.gateway.send("POST", `/sandboxes/${id}/terminate`);
  const left = `/sandboxes/${stubborn.id}/processes`;
  expect(await tenant.gateway.send("GET", left)).toMatchObject({ status: 200 });
  expect(await tenant.gateway.send("POST", left, { command: ["true"] })).toMatchObject({ status: 412 });
  for (const { id } of [polite, stubborn])
    expect((await tenant.gateway.get(id, "?wait=finished")).status).toMatchObject({
      reason: "Terminated",
      exitCode: 137,
    });
  expect((await said.next()).value).toBe("bye");
});

test("a verbose sandbox has an Event for each program, without its arguments", async () => {
  const spec = { ...small, image, verbose: true, command: ["sleep", "1000"] };
  const { id } = await tenant.gateway.create({ spec }, "started");
  await tenant.gateway.exec(id, { command: ["echo", "hidden"] });
  const notes = await waitFor("the Events", async () => {
    const { items } = JSON.parse(await tenant.kubectl(["get", "events.events.k8s.io", "-o", "json"])) as {
      items: { reason: string; note: string; regarding: { name: string } }[];
    };
    const ours = items.filter(({ reason, regarding }) => reason === "ProcessStarted" && regarding.name === id);
    return ours.length === 2 ? ours.map(({ note }) => note) : undefined;
  });
  expect(notes.toSorted()).toEqual(['Started "echo".', 'Started "sleep".']);
});

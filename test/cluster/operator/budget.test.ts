import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
  await writesOf("before", {});
});
afterAll(() => world[Symbol.asyncDispose]());

/** What the operator wrote for a sandbox that ran for a second and ended, by kind of write. Classes are the whole cluster's. */
async function writesOf(name: string, spec: SandboxSpecInput): Promise<Record<string, number>> {
  const before = world.writes.length;
  await world.create(name, { ...small, command: ["sh", "-c", "sleep 2"], ...spec });
  await world.reaches(name, "Finished");
  await waitFor("the Pod to be released", async () => (await world.pod(name))?.metadata.finalizers === undefined);
  const steps = spec.readinessProbe === undefined ? 3 : 4;
  const events = (): number => world.writes.slice(before).filter((write) => write === "create events").length;
  await waitFor("the Events", () => events() === steps);
  const counts: Record<string, number> = {};
  for (const write of world.writes.slice(before))
    if (!write.includes("sandboxclasses")) counts[write] = (counts[write] ?? 0) + 1;
  return counts;
}

test("a sandbox's life costs nine writes, and one more when its Pod is deleted", async () => {
  expect(await writesOf("plain", {})).toEqual({
    "create pods": 1,
    "apply sandboxes/status": 4,
    "create events": 3,
    "patch pods": 1,
  });
});

test("a probe adds a status and an Event", async () => {
  expect(await writesOf("probed", { readinessProbe: { exec: { command: ["true"] } } })).toEqual({
    "create pods": 1,
    "apply sandboxes/status": 5,
    "create events": 4,
    "patch pods": 1,
  });
});

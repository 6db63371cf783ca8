import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small, untilToldTo } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
  await writesOf("before", {});
});
afterAll(() => world[Symbol.asyncDispose]());

/** What the operator wrote for a sandbox that ran for a while and ended, by kind of write. Classes are the whole cluster's. */
async function writesOf(name: string, spec: SandboxSpecInput): Promise<Record<string, number>> {
  const before = world.writes.length;
  await world.create(name, { ...small, command: untilToldTo(0), ...spec });
  await world.reaches(name, spec.readinessProbe === undefined ? "Started" : "Ready");
  await world.execute(name, "touch", "/tmp/go");
  await world.reaches(name, "Finished");
  const steps = spec.readinessProbe === undefined ? 3 : 4;
  const times = (kind: string): number => world.writes.slice(before).filter((write) => write === kind).length;
  await waitFor(
    "the Events and the release of the Pod",
    () => times("create events") === steps && times("patch pods") > 0,
  );
  const counts: Record<string, number> = {};
  for (const write of world.writes.slice(before))
    if (!write.includes("sandboxclasses")) counts[write] = (counts[write] ?? 0) + 1;
  return counts;
}

/** An operator that is slow to see two steps writes one status for both. */
function atMost(most: number): unknown {
  return expect.toSatisfy((count: number) => count <= most, `is at most ${most}`);
}

test("a sandbox's life costs nine writes, and one more when its Pod is deleted", async () => {
  expect(await writesOf("plain", {})).toEqual({
    "create pods": 1,
    "apply sandboxes/status": atMost(4),
    "create events": 3,
    "patch pods": 1,
  });
});

test("a probe adds a status and an Event", async () => {
  expect(await writesOf("probed", { readinessProbe: { exec: { command: ["true"] } } })).toEqual({
    "create pods": 1,
    "apply sandboxes/status": atMost(5),
    "create events": 4,
    "patch pods": 1,
  });
});

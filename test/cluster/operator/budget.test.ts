import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { reconciles } from "../../../src/runtime/metrics.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small, untilToldTo } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
  await costOf("before", {});
});
afterAll(() => world[Symbol.asyncDispose]());

/** What a sandbox cost that ran for a while and ended: writes by kind, and passes. Classes are the whole cluster's. */
async function costOf(
  name: string,
  spec: SandboxSpecInput,
): Promise<{ writes: Record<string, number>; passes: number }> {
  const before = world.writes.length;
  const passesBefore = await passes();
  await world.create(name, { ...small, command: untilToldTo(0), ...spec });
  await world.reaches(name, spec.readinessProbe === undefined ? "Started" : "Ready");
  await world.execute(name, "touch", "/tmp/go");
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
  const writes: Record<string, number> = {};
  for (const write of world.writes.slice(before))
    if (!write.includes("sandboxclasses")) writes[write] = (writes[write] ?? 0) + 1;
  return { writes, passes: (await passes()) - passesBefore };
}

/** How often the operator has looked at sandboxes: there is one at a time. */
async function passes(): Promise<number> {
  const { values } = await reconciles.get();
  return values.filter(({ labels }) => labels.controller === "sandbox").reduce((sum, { value }) => sum + value, 0);
}

/** An operator that is slow to see two steps writes one status for both. */
function atMost(most: number): unknown {
  return expect.toSatisfy((count: number) => count <= most, `is at most ${most}`);
}

test("a sandbox's life costs six writes besides its Events, and ten passes", async () => {
  expect(await costOf("plain", {})).toEqual({
    writes: { "create pods": 1, "apply sandboxes/status": atMost(4), "create events": 3, "patch pods": 1 },
    passes: atMost(10),
  });
});

test("a name adds the Lease by which it is held", async () => {
  expect(await costOf("named", { name: "n" })).toEqual({
    writes: {
      "create leases": 1,
      "create pods": 1,
      "apply sandboxes/status": atMost(4),
      "create events": 3,
      "patch pods": 1,
      "delete leases": 1,
    },
    passes: atMost(10),
  });
});

test("an ENTRYPOINT that has to be looked up adds no write, and a pass when its answer comes", async () => {
  expect(await costOf("looked-up", { command: [], args: untilToldTo(0) })).toEqual({
    writes: { "create pods": 1, "apply sandboxes/status": atMost(4), "create events": 3, "patch pods": 1 },
    passes: atMost(11),
  });
});

test("a probe adds a status, an Event and two passes", async () => {
  expect(await costOf("probed", { readinessProbe: { exec: { command: ["true"] } } })).toEqual({
    writes: { "create pods": 1, "apply sandboxes/status": atMost(5), "create events": 4, "patch pods": 1 },
    passes: atMost(12),
  });
});

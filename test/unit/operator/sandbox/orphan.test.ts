import { describe, expect, test } from "vitest";
import type { NodeState } from "../../../../src/operator/sandbox/node-loss.ts";
import { orphanPlan } from "../../../../src/operator/sandbox/orphan.ts";
import { ago, aPod, now, type PodParts, terminated } from "../builders.ts";

const running = { running: { startedAt: ago(60) } };
const deleted = (seconds: number): NonNullable<PodParts["metadata"]> => ({ deletionTimestamp: ago(seconds) });

const rows: {
  name: string;
  pod: PodParts;
  node?: NodeState;
  removed?: boolean;
  released: boolean;
  requeueAfter?: number;
}[] = [
  { name: "a Pod that names its owner is deleted", pod: { node: "a", state: running }, removed: true, released: false },
  {
    name: "a Pod that was let go by its owner is left alone",
    pod: { node: "a", state: running, metadata: { ownerReferences: [] } },
    released: false,
  },
  { name: "a Pod that never had a node goes", pod: { metadata: deleted(0) }, released: true },
  {
    name: "a Pod that has stopped goes",
    pod: { node: "a", state: terminated(137), metadata: deleted(0) },
    released: true,
  },
  {
    name: "a Pod that still runs holds its name and quota",
    pod: { node: "a", state: running, metadata: deleted(10) },
    released: false,
    requeueAfter: 10_000,
  },
  {
    name: "a Pod whose node is gone goes",
    pod: { node: "a", state: running, metadata: deleted(30) },
    node: "gone",
    released: true,
  },
];

describe("orphanPlan", () => {
  test.each(rows)("$name", ({ pod, node, removed = false, released, requeueAfter }) => {
    const plan = orphanPlan(aPod(pod), node, now);
    expect(plan.finalizers.map(({ finalizers }) => finalizers)).toEqual(released ? [[]] : []);
    expect(plan.remove.map(({ uid }) => uid)).toEqual(removed ? ["p1"] : []);
    expect(plan.requeueAfter).toBe(requeueAfter);
  });

  test("finalizers of others stay", () => {
    const metadata = { ...deleted(0), finalizers: ["other/one", "sandkeep.dev/exit-status"] };
    expect(orphanPlan(aPod({ metadata }), undefined, now).finalizers).toMatchObject([
      { resourceVersion: "7", finalizers: ["other/one"] },
    ]);
  });
});

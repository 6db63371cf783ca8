import { expect, test } from "vitest";
import { LABELS } from "../../../../src/api/constants.ts";
import { POD, type Pod } from "../../../../src/kube/objects.ts";
import { relabelledInTime } from "../../../../src/operator/network/relabel.ts";
import type { Plan } from "../../../../src/runtime/plan.ts";

function podUnder(rule: string): Pod {
  return { metadata: { name: "s", namespace: "n", labels: { [LABELS.network]: rule } } };
}

const events = [{ type: "Normal" as const, reason: "Started", message: "" }];

test.each<[what: string, pod: Pod | undefined, applied: Pod[], mayChange: boolean | "unasked", does: number | "waits"]>(
  [
    ["a Pod that is to be made", undefined, [podUnder("a")], "unasked", 1],
    ["nothing to do", podUnder("a"), [], "unasked", 0],
    ["other limits under the same rule", podUnder("a"), [podUnder("a")], "unasked", 1],
    ["another rule", podUnder("a"), [podUnder("b")], true, 1],
    ["another rule after many", podUnder("a"), [podUnder("b")], false, "waits"],
  ],
)("%s", (_what, pod, applied, mayChange, does) => {
  const apply = applied.map((object) => ({ kind: POD, object }));
  const plan = { apply, remove: [], events, requeueAfter: 60_000 };
  const asked: boolean[] = [];
  const kept: Plan = relabelledInTime(plan, pod, () => (asked.push(true), mayChange === true));
  expect(asked).toHaveLength(mayChange === "unasked" ? 0 : 1);
  expect(kept.apply).toHaveLength(does === "waits" ? 0 : does);
  expect(kept).toMatchObject({ events, requeueAfter: does === "waits" ? 1000 : 60_000 });
});

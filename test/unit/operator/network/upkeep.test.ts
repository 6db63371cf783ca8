import { expect, test } from "vitest";
import type { NetworkPolicy } from "../../../../src/kube/objects.ts";
import { denyAllPolicyFor } from "../../../../src/operator/network/policy.ts";
import { keepUnused, type PolicyState, upkeepPlan } from "../../../../src/operator/network/upkeep.ts";

const wanted = denyAllPolicyFor("n");
const stored: NetworkPolicy = { ...wanted, metadata: { ...wanted.metadata, uid: "u" } };
const changed: NetworkPolicy = { ...stored, spec: { podSelector: {} } };
const leaving: NetworkPolicy = {
  ...stored,
  metadata: { ...stored.metadata, deletionTimestamp: "2026-11-21T10:00:00Z" },
};
const unused: PolicyState = { stored, wanted: undefined, isUsed: false, unusedFor: 0 };
const used: PolicyState = { stored, wanted, isUsed: true, unusedFor: 0 };

test.each<[what: string, state: PolicyState, does: "applies" | "removes" | "waits" | "rests"]>([
  ["one that is as it should be", used, "rests"],
  ["one that was changed", { ...used, stored: changed }, "applies"],
  ["one that is missing", { ...used, stored: undefined }, "applies"],
  ["one of whose sandboxes none tells the rule", { ...used, stored: changed, wanted: undefined }, "rests"],
  ["one that is not used any more", unused, "waits"],
  ["one that has not been used for long", { ...unused, unusedFor: keepUnused }, "removes"],
  ["one that goes already", { ...unused, stored: leaving, unusedFor: keepUnused }, "rests"],
  ["one that nobody wants and that is not there", { ...unused, stored: undefined }, "rests"],
])("%s", (_what, state, does) => {
  const { apply, remove, requeueAfter } = upkeepPlan(state);
  const done = [
    ...apply.map(() => "applies"),
    ...remove.map(() => "removes"),
    ...(requeueAfter === undefined ? [] : ["waits"]),
  ];
  expect(done).toEqual(does === "rests" ? [] : [does]);
});

test("only the policy that was looked at is removed", () => {
  expect(upkeepPlan({ ...unused, unusedFor: keepUnused }).remove).toMatchObject([
    { name: { namespace: "n", name: "sandkeep-deny-all" }, uid: "u" },
  ]);
});

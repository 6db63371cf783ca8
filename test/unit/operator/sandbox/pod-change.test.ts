import { expect, test } from "vitest";
import type { Pod } from "../../../../src/kube/objects.ts";
import { isReasonToLook } from "../../../../src/operator/sandbox/pod-change.ts";
import { ago, aPod, terminated } from "../builders.ts";

const made = aPod();
const placed = aPod({ node: "a" });
const ended = aPod({ node: "a", state: terminated(0) });
const released = aPod({ node: "a", state: terminated(0), metadata: { finalizers: [] } });
const deleted = aPod({ node: "a", state: terminated(0), metadata: { finalizers: [], deletionTimestamp: ago(0) } });

const rows: [what: string, before: Pod | undefined, after: Pod | undefined, isFinished: boolean, looks: boolean][] = [
  ["a Pod that was just made", undefined, made, false, false],
  [
    "a Pod that was just made and is deleted",
    undefined,
    aPod({ metadata: { deletionTimestamp: ago(0) } }),
    false,
    true,
  ],
  ["a Pod with a node that was not known", undefined, placed, false, true],
  ["a node", made, placed, false, true],
  ["the end of its container", placed, ended, false, true],
  ["its end, of a running sandbox", placed, undefined, false, true],
  ["its release", ended, released, true, true],
  ["the node's last word", released, { ...released, status: { phase: "Succeeded" } }, true, false],
  ["its deletion after the end", released, deleted, true, true],
  ["its end after the sandbox's", deleted, undefined, true, false],
];

test.each(rows)("%s", (_what, previous, object, isFinished, looks) => {
  const change = { key: "n/s", ...(object && { object }), ...(previous && { previous }) };
  expect(isReasonToLook(change, isFinished)).toBe(looks);
});

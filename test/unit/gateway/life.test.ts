import { describe, expect, it } from "vitest";
import type { Condition } from "../../../src/api/meta.ts";
import type { Sandbox } from "../../../src/api/sandbox.ts";
import { hasReached, isUp, over, type Milestone } from "../../../src/gateway/sandboxes/life.ts";
import { aSandbox } from "./a-sandbox.ts";

const now = new Date("2026-01-01T00:01:00Z");
const startedAt = "2026-01-01T00:00:10.000000Z";
const finishedAt = "2026-01-01T00:00:57.000000Z";
const probe = { readinessProbe: { tcp: { port: 80 } } };

function ready(status: Condition["status"], reason: string, message = ""): { conditions: Condition[] } {
  return { conditions: [{ type: "Ready", status, reason, message, lastTransitionTime: startedAt }] };
}

const created = aSandbox();
const started = aSandbox({ status: { phase: "Started", startedAt } });
const probed = aSandbox({ spec: probe, status: { phase: "Started", startedAt, ...ready("False", "Probing") } });
const gaveUp = aSandbox({
  spec: probe,
  status: { phase: "Started", startedAt, ...ready("False", "ProbeTimedOut", "nothing answered on port 80") },
});
const isReady = aSandbox({ spec: probe, status: { phase: "Ready", startedAt } });
const finished = aSandbox({
  spec: probe,
  status: { phase: "Finished", startedAt, finishedAt, reason: "Timeout", exitCode: 124 },
});
const neverStarted = aSandbox({
  spec: probe,
  status: { phase: "Finished", finishedAt, reason: "ImageUnavailable", message: 'no image "x": check its name' },
});
const terminating = aSandbox({ spec: { ...probe, desiredState: "Terminated" }, status: { phase: "Scheduled" } });

describe("hasReached", () => {
  it.each<[Milestone, string, Sandbox, boolean]>([
    ["started", "created", created, false],
    ["started", "started", started, true],
    ["started", "ready", isReady, true],
    ["started", "finished", finished, true],
    ["ready", "probed", probed, false],
    ["ready", "ready", isReady, true],
    ["finished", "created", created, false],
    ["finished", "ready", isReady, false],
    ["finished", "terminating", terminating, false],
    ["finished", "finished", finished, true],
    ["finished", "never started", neverStarted, true],
  ])("%s, of one that is %s: %#", (milestone, _, sandbox, reached) => {
    expect(hasReached(sandbox, milestone, now)).toBe(reached);
  });

  it.each<[Milestone, string, Sandbox, code: string, message: RegExp]>([
    ["started", "never started", neverStarted, "failed_precondition", /ImageUnavailable.*check its name/],
    ["started", "terminating", terminating, "failed_precondition", /being terminated/],
    ["ready", "without a probe", started, "failed_precondition", /no readiness probe/],
    ["ready", "finished", finished, "failed_precondition", /finished with Timeout 3 s ago \(exit code 124\)/],
    ["ready", "no more probed", gaveUp, "deadline_exceeded", /nothing answered on port 80/],
  ])("%s, of one that is %s, never will be", (milestone, _, sandbox, code, message) => {
    const wait = () => hasReached(sandbox, milestone, now);
    expect(wait).toThrow(message);
    expect(wait).toThrow(expect.objectContaining({ code }));
  });
});

it.each<[string, Sandbox, boolean]>([
  ["created", created, false],
  ["started", started, true],
  ["ready", isReady, true],
  ["finished", finished, false],
  ["terminating", aSandbox({ spec: { desiredState: "Terminated" }, status: { phase: "Started", startedAt } }), false],
  ["deleted", aSandbox({ deletionTimestamp: startedAt, status: { phase: "Started", startedAt } }), false],
])("one that is %s is up: %#", (_, sandbox, up) => {
  expect(isUp(sandbox)).toBe(up);
});

it("says how a sandbox ended, to people and to programs", () => {
  expect(over(finished, "run anything in", now)).toMatchObject({
    code: "failed_precondition",
    resource: "sandbox",
    message: 'Cannot run anything in sandbox "ns/a": it finished with Timeout 3 s ago (exit code 124)',
    details: { phase: "Finished", reason: "Timeout", exitCode: 124, finishedAt },
  });
});

import { describe, expect, test } from "vitest";
import { FINALIZERS, LABELS } from "../../../../src/api/constants.ts";
import type { SandboxStatus } from "../../../../src/api/sandbox.ts";
import type { NetworkPolicy, Pod } from "../../../../src/kube/objects.ts";
import type { Observed } from "../../../../src/operator/sandbox/observed.ts";
import { allowPolicyFor, denyAllPolicyFor, networkLabel } from "../../../../src/operator/network/policy.ts";
import { networkRule } from "../../../../src/operator/network/rule.ts";
import { sandboxPlan } from "../../../../src/operator/sandbox/plan.ts";
import { aClass, ago, aPod, aSandbox, facts, now, observed, settings, terminated, waiting } from "../builders.ts";

const rule = networkRule();
const network = networkLabel(rule);
const policies = [
  denyAllPolicyFor("n"),
  allowPolicyFor("n", rule, { ...settings.network, closed: facts.closed }),
].filter((policy): policy is NetworkPolicy => policy !== undefined);
const labelled = { labels: { [LABELS.network]: network } };
const released = { finalizers: [] };
const finished: SandboxStatus = { phase: "Finished", finishedAt: ago(10), scheduledAt: ago(30), startedAt: ago(20) };
const started: SandboxStatus = { phase: "Started", scheduledAt: ago(30), startedAt: ago(20) };
const exited = terminated(0, '{"reason":"Completed"}');
const running = { running: { startedAt: ago(20) } };

const unschedulable = { type: "PodScheduled", status: "False", reason: "Unschedulable" };

interface Row {
  name: string;
  observed: Partial<Observed>;
  apply?: string[];
  remove?: string[];
  finalizers?: string[][];
  requeueAfter?: number;
}

/** Told to end with a grace of an hour, and past its deadline. */
function overdue(metadata: Partial<Pod["metadata"]>): Partial<Observed> {
  const ending = { desiredState: "Terminated", timeoutSeconds: 18, terminationGracePeriodSeconds: 3600 } as const;
  const pod = aPod({ node: "a", state: running, metadata: { ...labelled, ...metadata } }, aSandbox(ending));
  return { sandbox: aSandbox(ending, started), pod, policies };
}

const rows: Row[] = [
  {
    name: "policies come before the Pod",
    observed: {},
    apply: ["NetworkPolicy sandkeep-deny-all", `NetworkPolicy sandkeep-allow-${network}`, "Pod s"],
    requeueAfter: 599_000,
  },
  { name: "policies that are there cost nothing", observed: { policies }, apply: ["Pod s"] },
  {
    name: "a policy that was changed is applied again",
    observed: { policies: policies.map((policy) => ({ ...policy, spec: { podSelector: {} } })) },
    apply: ["NetworkPolicy sandkeep-deny-all", `NetworkPolicy sandkeep-allow-${network}`, "Pod s"],
  },
  {
    name: "a blocked sandbox needs only the policy that denies",
    observed: { sandbox: aSandbox({ network: { block: true } }) },
    apply: ["NetworkPolicy sandkeep-deny-all", "Pod s"],
  },
  { name: "a rejected sandbox gets no Pod", observed: { sandbox: aSandbox({ experimental: { x: "true" } }) } },
  {
    name: "a sandbox waits for the Pod of an earlier one, and lets that go",
    observed: { earlierPod: aPod({ node: "a", phase: "Failed", metadata: { deletionTimestamp: ago(1) } }), policies },
    finalizers: [[]],
  },
  {
    name: "a sandbox that is being deleted gets no Pod",
    observed: { sandbox: { ...aSandbox(), metadata: { ...aSandbox().metadata, deletionTimestamp: ago(1) } }, policies },
  },
  {
    name: "a running Pod is left alone until its deadline",
    observed: {
      sandbox: aSandbox({}, started),
      pod: aPod({ node: "a", state: running, metadata: labelled }),
      policies,
    },
    requeueAfter: 280_000,
  },
  {
    name: "a running Pod whose rule has changed is moved to another policy",
    observed: { sandbox: aSandbox({}, started), pod: aPod({ node: "a", state: running }), policies },
    apply: ["Pod s"],
  },
  {
    name: "a running Pod that lost its finalizer gets it back",
    observed: {
      sandbox: aSandbox({}, started),
      pod: aPod({ node: "a", state: running, metadata: { ...labelled, ...released } }),
      policies,
    },
    finalizers: [[FINALIZERS.exitStatus]],
  },
  {
    name: "a Pod is deleted 2 s after a deadline that its agent has not kept",
    observed: {
      sandbox: aSandbox({ timeoutSeconds: 18 }, started),
      pod: aPod({ node: "a", state: running, metadata: labelled }, aSandbox({ timeoutSeconds: 18 })),
      policies,
    },
    remove: ["Pod p1 0"],
  },
  {
    name: "no grace outlasts the deadline",
    observed: overdue({ deletionTimestamp: ago(-3600), deletionGracePeriodSeconds: 3600 }),
    remove: ["Pod p1 0"],
  },
  {
    name: "nor is one begun after it",
    observed: overdue({}),
    remove: ["Pod p1 0"],
  },
  {
    name: "a Pod that goes without grace is left to go",
    observed: overdue({ deletionTimestamp: ago(1), deletionGracePeriodSeconds: 0 }),
  },
  {
    name: "a grace before the deadline is left as it is",
    observed: {
      sandbox: aSandbox({ desiredState: "Terminated", terminationGracePeriodSeconds: 7 }, started),
      pod: aPod({
        node: "a",
        state: running,
        metadata: { ...labelled, deletionTimestamp: ago(-7), deletionGracePeriodSeconds: 7 },
      }),
      policies,
    },
  },
  {
    name: "termination deletes the Pod with the sandbox's grace",
    observed: {
      sandbox: aSandbox({ desiredState: "Terminated", terminationGracePeriodSeconds: 7 }, started),
      pod: aPod({ node: "a", state: running, metadata: labelled }),
      policies,
    },
    remove: ["Pod p1 7"],
  },
  {
    name: "what would be kept up holds up no termination",
    observed: {
      sandbox: aSandbox({ desiredState: "Terminated", terminationGracePeriodSeconds: 7 }, started),
      pod: aPod({ node: "a", state: running }),
    },
    remove: ["Pod p1 7"],
  },
  {
    name: "nor an end at the deadline",
    observed: {
      sandbox: aSandbox({ timeoutSeconds: 18 }, started),
      pod: aPod({ node: "a", state: running }, aSandbox({ timeoutSeconds: 18 })),
    },
    remove: ["Pod p1 0"],
  },
  {
    name: "an end is recorded and the finalizer goes in one pass",
    observed: { sandbox: aSandbox({}, started), pod: aPod({ node: "a", phase: "Succeeded", state: exited }) },
    finalizers: [[]],
    requeueAfter: 0,
  },
  {
    name: "a finished Pod stays for late readers of its output",
    observed: {
      sandbox: aSandbox({}, finished),
      pod: aPod({ node: "a", phase: "Succeeded", state: exited, metadata: released }),
    },
    requeueAfter: 50_000,
  },
  {
    name: "a finished Pod goes after 60 s",
    observed: {
      sandbox: aSandbox({}, { ...finished, finishedAt: ago(60) }),
      pod: aPod({ node: "a", phase: "Succeeded", state: exited, metadata: released }),
    },
    remove: ["Pod p1 0"],
  },
  {
    name: "a Pod that never started goes at once when its sandbox has finished",
    observed: {
      sandbox: aSandbox({}, finished),
      pod: aPod({ node: "a", state: waiting("ErrImagePull"), metadata: released }),
    },
    remove: ["Pod p1 0"],
  },
  {
    name: "a record is deleted after its time to live",
    observed: { sandbox: aSandbox({ ttlSecondsAfterFinished: 10 }, finished) },
    remove: ["Sandbox u1 -"],
  },
  {
    name: "a record is kept for its time to live",
    observed: { sandbox: aSandbox({ ttlSecondsAfterFinished: 15 }, finished) },
    requeueAfter: 5_000,
  },
];

describe("sandboxPlan", () => {
  test.each(rows)("$name", ({ observed: parts, apply = [], remove = [], finalizers = [], requeueAfter }) => {
    const plan = sandboxPlan(observed(parts), now);
    expect(plan.apply.map(({ object }) => `${object.kind} ${object.metadata.name}`)).toEqual(apply);
    expect(
      plan.remove.map(({ kind, uid, gracePeriodSeconds = "-" }) => `${kind.kind} ${uid} ${gracePeriodSeconds}`),
    ).toEqual(remove);
    expect((plan.finalizers ?? []).map(({ finalizers }) => finalizers)).toEqual(finalizers);
    if (requeueAfter !== undefined) expect(plan.requeueAfter).toBe(requeueAfter);
  });

  test.each([
    [299, undefined, 1_000],
    [300, "ImageUnavailable", undefined],
  ])("an ENTRYPOINT that is asked for since %i s has pullSeconds from then", (seconds, reason, requeueAfter) => {
    const sandbox = aSandbox({ args: ["serve"] }, undefined, ago(500));
    const lookup = { kind: "silent", final: false } as const;
    const plan = sandboxPlan(observed({ sandbox, policies, lookup, askedAt: ago(seconds) }), now);
    expect({ reason: plan.status?.reason, requeueAfter: plan.requeueAfter }).toEqual({ reason, requeueAfter });
  });

  test("limits that the agent keeps are recorded on the Pod, with all else that may change of it", () => {
    const sandbox = aSandbox({ timeoutSeconds: 600, idleTimeoutSeconds: 60 }, started);
    const pod = aPod({ node: "a", state: running, metadata: labelled }, aSandbox());
    const limits = { timeoutSeconds: 600, idleTimeoutSeconds: 60 };
    const [changed, ...more] = sandboxPlan(observed({ sandbox, pod, limits, policies }), now).apply;
    expect(more).toEqual([]);
    expect(changed?.object.metadata).toMatchObject({
      ...labelled,
      annotations: { "sandkeep.dev/timeout-seconds": "600", "sandkeep.dev/idle-timeout-seconds": "60" },
    });
  });

  test("a raise that may have reached the agent is waited for at the deadline", () => {
    const sandbox = aSandbox({ timeoutSeconds: 600 }, started);
    const pod = aPod({ node: "a", state: running, metadata: labelled }, aSandbox({ timeoutSeconds: 10 }));
    const plan = sandboxPlan(observed({ sandbox, pod, policies }), now);
    expect({ remove: plan.remove, requeueAfter: plan.requeueAfter }).toEqual({ remove: [], requeueAfter: 580_000 });
  });

  test.each([
    ["its Pod is still to be made", {}, false],
    ["its Pod was just made", { pod: aPod({ metadata: labelled }) }, false],
    ["the scheduler has found no node", { pod: aPod({ conditions: [unschedulable] }) }, true],
    ["the scheduler has found one", { pod: aPod({ node: "a" }) }, true],
    ["its probe is missing", { sandbox: aSandbox({ readinessProbeName: "http" }) }, true],
  ])("a new sandbox costs a write of its status when there is news: %s", (_what, parts, writes) => {
    const { status } = sandboxPlan(observed({ policies, ...parts }), now);
    expect(status !== undefined).toBe(writes);
  });

  test("a Pod keeps what its class said when it was made, also once that is gone", () => {
    const pod = aPod({ metadata: labelled });
    const sandboxClass = aClass({
      network: { allowedPrivateCidrs: ["10.0.0.0/8"] },
      limits: { scheduleSeconds: 1 },
      nodeSelector: { pool: "new" },
    });
    const changed = sandboxPlan(observed({ pod, sandboxClass, policies }), now);
    expect(changed).toMatchObject({ apply: [], remove: [] });
    expect(changed.status?.phase).not.toBe("Finished");
    const { sandboxClass: _, ...withoutClass } = observed({ pod });
    expect(sandboxPlan(withoutClass, now).apply.map(({ object }) => object.metadata.name)).toEqual(
      policies.map(({ metadata }) => metadata.name),
    );
  });

  test("a Pod whose record of that is spoilt goes by the class", () => {
    const { metadata } = aPod({ metadata: labelled });
    const spoilt = { ...metadata.annotations, "sandkeep.dev/class-terms": '{"pullSeconds":' };
    const pod = aPod({ metadata: { ...labelled, annotations: spoilt } });
    const sandboxClass = aClass({ network: { allowedPrivateCidrs: ["10.0.0.0/8"] } });
    expect(sandboxPlan(observed({ pod, sandboxClass, policies }), now).apply).toHaveLength(2);
  });

  test("a class patches the Pod last", () => {
    const sandboxClass = aClass({ podPatch: { spec: { dnsPolicy: "Default" } } });
    const pod = sandboxPlan(observed({ sandboxClass, policies }), now).apply.at(-1)?.object;
    expect(pod).toMatchObject({ kind: "Pod", spec: { dnsPolicy: "Default", restartPolicy: "Never" } });
  });

  test("an end that is on record is not told again", () => {
    const sandbox = aSandbox({}, finished);
    expect(sandboxPlan(observed({ sandbox }), now).events).toEqual([]);
  });

  test("each step is one Event", () => {
    const pod = aPod({ node: "a", phase: "Failed", state: terminated(3, '{"reason":"Error"}') });
    expect(sandboxPlan(observed({ pod }), now).events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Normal Scheduled",
      "Normal Started",
      "Warning Error",
    ]);
  });
});

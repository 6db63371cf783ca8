import { describe, expect, test } from "vitest";
import type { SandboxSpecInput, SandboxStatus } from "../../../../src/api/sandbox.ts";
import { podEnding } from "../../../../src/operator/sandbox/ending.ts";
import { momentsOf } from "../../../../src/operator/sandbox/lifetime.ts";
import type { NodeState } from "../../../../src/operator/sandbox/node-loss.ts";
import { ago, aPod, aSandbox, now, observed, type PodParts, terminated, waiting } from "../builders.ts";

const patience = { pullSeconds: 300, scheduleSeconds: 600 };
const started: SandboxStatus = { phase: "Started", scheduledAt: ago(61), startedAt: ago(60) };
const scheduled: SandboxStatus = { phase: "Scheduled", scheduledAt: ago(60) };
const running: NonNullable<PodParts["state"]> = { running: { startedAt: ago(60) } };
const deleted = (seconds: number, grace = 0): NonNullable<PodParts["metadata"]> => ({
  deletionTimestamp: ago(seconds),
  deletionGracePeriodSeconds: grace,
});
const disrupted = (reason: string): NonNullable<PodParts["conditions"]> => [
  { type: "DisruptionTarget", status: "True", reason, message: "why" },
];

const aNode = (ready: string, since: number): NodeState => ({
  metadata: { name: "a" },
  status: { conditions: [{ type: "Ready", status: ready, lastTransitionTime: ago(since) }] },
});
const answering = aNode("True", 900);

interface Row {
  name: string;
  pod: PodParts;
  node?: NodeState;
  status?: SandboxStatus;
  spec?: SandboxSpecInput;
  created?: string;
  want: { reason: string; exitCode?: number; says?: RegExp } | undefined;
}

const rows: Row[] = [
  { name: "a Pod without a node has not ended", pod: {}, want: undefined },
  { name: "a running container has not ended", pod: { node: "a", state: running }, status: started, want: undefined },
  {
    name: "exit code 0 with the agent's account is Completed",
    pod: { node: "a", phase: "Succeeded", state: terminated(0, '{"reason":"Completed"}') },
    want: { reason: "Completed", exitCode: 0 },
  },
  {
    name: "another exit code is Error, with the agent's words",
    pod: { node: "a", phase: "Failed", state: terminated(3, '{"reason":"Error","message":"no\\u0007 luck"}') },
    want: { reason: "Error", exitCode: 3, says: /^no luck$/ },
  },
  {
    name: "a forged Completed does not hide the exit code",
    pod: { node: "a", phase: "Failed", state: terminated(9, '{"reason":"Completed"}') },
    want: { reason: "Error", exitCode: 9 },
  },
  {
    name: "the agent's Timeout is Timeout",
    pod: { node: "a", phase: "Failed", state: terminated(124, '{"reason":"Timeout"}') },
    want: { reason: "Timeout", exitCode: 124, says: /timeoutSeconds \(300\)/ },
  },
  {
    name: "the agent's StartError names the command",
    pod: {
      node: "a",
      phase: "Failed",
      state: terminated(128, '{"reason":"StartError","message":"no such file: nope"}'),
    },
    want: { reason: "StartError", exitCode: 128, says: /no such file: nope/ },
  },
  {
    name: "an unlisted reason in the termination message is not believed",
    pod: { node: "a", phase: "Failed", state: terminated(1, '{"reason":"Evicted"}') },
    want: { reason: "AgentLost", exitCode: 1 },
  },
  {
    name: "a termination message that is not JSON is AgentLost",
    pod: { node: "a", phase: "Failed", state: terminated(137, "]]") },
    want: { reason: "AgentLost", exitCode: 137 },
  },
  {
    name: "OOMKilled with 137 is OutOfMemory and names the limit",
    pod: { node: "a", phase: "Failed", state: terminated(137, "", "OOMKilled") },
    spec: { resources: { limits: { memory: "64Mi" } } },
    want: { reason: "OutOfMemory", exitCode: 137, says: /64Mi/ },
  },
  {
    name: "OOMKilled of a child that the command survived is the command's end",
    pod: { node: "a", phase: "Succeeded", state: terminated(0, '{"reason":"Completed"}', "OOMKilled") },
    want: { reason: "Completed", exitCode: 0 },
  },
  {
    name: "a container that the runtime cannot start is StartError",
    pod: { node: "a", phase: "Failed", state: terminated(128, "exec: no such file", "StartError") },
    want: { reason: "StartError", exitCode: 128, says: /no such file/ },
  },
  {
    name: "activeDeadlineSeconds is Timeout",
    pod: { node: "a", phase: "Failed", reason: "DeadlineExceeded", state: terminated(137) },
    want: { reason: "Timeout", exitCode: 124 },
  },
  {
    name: "eviction by the kubelet is Evicted",
    pod: { node: "a", phase: "Failed", reason: "Evicted", message: "low on memory", state: terminated(137) },
    want: { reason: "Evicted", exitCode: 137, says: /low on memory/ },
  },
  {
    name: "a Pod that the node refuses is Unschedulable",
    pod: { node: "a", phase: "Failed", reason: "OutOfcpu", message: "too little" },
    want: { reason: "Unschedulable", says: /OutOfcpu.*too little/ },
  },
  {
    name: "a deleted Pod that still runs is waited for",
    pod: { node: "a", state: running, metadata: deleted(1) },
    status: started,
    want: undefined,
  },
  {
    name: "a Pod deleted on request is Terminated once it has stopped",
    pod: { node: "a", phase: "Failed", state: terminated(137), metadata: deleted(0) },
    spec: { desiredState: "Terminated" },
    want: { reason: "Terminated", exitCode: 137 },
  },
  {
    name: "a Pod deleted by somebody else is PodDeleted",
    pod: { node: "a", phase: "Failed", state: terminated(137), metadata: deleted(0) },
    want: { reason: "PodDeleted", exitCode: 137, says: /desiredState/ },
  },
  {
    name: "a container that had ended before its Pod was deleted keeps its own end",
    pod: {
      node: "a",
      phase: "Failed",
      state: terminated(5, '{"reason":"Error"}', "Error", ago(20)),
      metadata: deleted(10),
    },
    want: { reason: "Error", exitCode: 5 },
  },
  {
    name: "a Pod deleted after the deadline is Timeout",
    pod: { node: "a", phase: "Failed", state: terminated(137, ""), metadata: deleted(0) },
    spec: { timeoutSeconds: 58 },
    status: started,
    want: { reason: "Timeout", exitCode: 124, says: /58/ },
  },
  {
    name: "a Pod deleted before it had a node has ended",
    pod: { metadata: deleted(0) },
    want: { reason: "PodDeleted", exitCode: 137 },
  },
  {
    name: "a drained node evicts",
    pod: {
      node: "a",
      phase: "Failed",
      state: terminated(137),
      metadata: deleted(0),
      conditions: disrupted("EvictionByEvictionAPI"),
    },
    want: { reason: "Evicted", exitCode: 137 },
  },
  {
    name: "a Pod that garbage collection took from a lost node does not wait for it",
    pod: { node: "a", state: running, metadata: deleted(0), conditions: disrupted("DeletionByPodGC") },
    want: { reason: "NodeLost", exitCode: 137 },
  },
  {
    name: "a node that answers is waited for, as while its kubelet is restarted",
    pod: { node: "a", state: running, metadata: deleted(300) },
    node: answering,
    status: started,
    want: undefined,
  },
  {
    name: "a node that has not answered for less than 60 s is waited for",
    pod: { node: "a", state: running, metadata: deleted(300) },
    node: aNode("Unknown", 59),
    status: started,
    want: undefined,
  },
  {
    name: "a node that has not answered for 60 s is lost to a Pod that is being deleted",
    pod: { node: "a", state: running, metadata: deleted(1) },
    node: aNode("Unknown", 60),
    status: started,
    want: { reason: "NodeLost", exitCode: 137, says: /Node a is lost/ },
  },
  {
    name: "a node that does not answer ends nothing by itself",
    pod: { node: "a", state: running },
    node: aNode("Unknown", 600),
    status: started,
    want: undefined,
  },
  {
    name: "a node that is gone is lost to a Pod that is being deleted",
    pod: { node: "a", state: running, metadata: deleted(1) },
    node: "gone",
    status: started,
    want: { reason: "NodeLost", exitCode: 137 },
  },
  {
    name: "a Pod that was stopped before its node was gone keeps its end",
    pod: { node: "a", phase: "Failed", state: terminated(137), metadata: deleted(0) },
    node: "gone",
    want: { reason: "PodDeleted", exitCode: 137 },
  },
  {
    name: "a termination that a lost node does not confirm is still Terminated",
    pod: { node: "a", state: running, metadata: deleted(31) },
    node: "gone",
    spec: { desiredState: "Terminated" },
    want: { reason: "Terminated", exitCode: 137 },
  },
  {
    name: "a taint that an administrator set evicts",
    pod: {
      node: "a",
      phase: "Failed",
      state: terminated(137),
      metadata: deleted(0),
      conditions: disrupted("DeletionByTaintManager"),
    },
    node: answering,
    want: { reason: "Evicted", exitCode: 137, says: /why/ },
  },
  {
    name: "a taint evicts once the Pod has stopped",
    pod: { node: "a", state: running, metadata: deleted(20), conditions: disrupted("DeletionByTaintManager") },
    node: answering,
    status: started,
    want: undefined,
  },
  {
    name: "a taint of a node that does not answer is its loss",
    pod: { node: "a", state: running, metadata: deleted(0), conditions: disrupted("DeletionByTaintManager") },
    node: aNode("Unknown", 300),
    status: started,
    want: { reason: "NodeLost", exitCode: 137 },
  },
  {
    name: "an agent that ended without an account, as it was told to, was terminated",
    pod: { node: "a", phase: "Failed", state: terminated(137, "") },
    spec: { desiredState: "Terminated" },
    want: { reason: "Terminated", exitCode: 137 },
  },
  {
    name: "a command that ended by itself before its sandbox was to end keeps its end",
    pod: { node: "a", phase: "Failed", state: terminated(3, '{"reason":"Error"}') },
    spec: { desiredState: "Terminated" },
    want: { reason: "Error", exitCode: 3 },
  },
  {
    name: "the agent's IdleTimeout is IdleTimeout",
    pod: { node: "a", phase: "Failed", state: terminated(124, '{"reason":"IdleTimeout"}') },
    want: { reason: "IdleTimeout", exitCode: 124, says: /idle/ },
  },
  {
    name: "OOMKilled of the command alone (cgroup v1), which the agent outlives, is OutOfMemory",
    pod: {
      node: "a",
      phase: "Failed",
      state: terminated(137, '{"reason":"Error","message":"the command was ended by SIGKILL"}', "OOMKilled"),
    },
    want: { reason: "OutOfMemory", exitCode: 137 },
  },
  {
    name: "OOMKilled of the whole container (cgroup v2), the agent included, is OutOfMemory",
    pod: { node: "a", phase: "Failed", state: terminated(137, "", "OOMKilled") },
    want: { reason: "OutOfMemory", exitCode: 137 },
  },
  {
    name: "an image that does not exist ends at once",
    pod: { node: "a", state: waiting("ErrImagePull", 'failed to resolve reference "x": not found') },
    status: scheduled,
    want: { reason: "ImageUnavailable", says: /check name and tag/ },
  },
  {
    name: "a registry that refuses the login is asked again while the Secret may come",
    pod: { node: "a", state: waiting("ErrImagePull", 'unexpected status from HEAD request to "x": 401 Unauthorized') },
    status: { ...scheduled, scheduledAt: ago(19) },
    want: undefined,
  },
  {
    name: "a registry that refuses the login ends it then",
    pod: { node: "a", state: waiting("ErrImagePull", 'unexpected status from HEAD request to "x": 401 Unauthorized') },
    status: { ...scheduled, scheduledAt: ago(20) },
    want: { reason: "ImageUnavailable", says: /imagePullSecrets/ },
  },
  {
    name: "a registry that does not tell whether the image is not there or not for us has both checked",
    pod: {
      node: "a",
      state: waiting(
        "ImagePullBackOff",
        "pull access denied, repository does not exist or may require authorization: no basic auth credentials",
      ),
    },
    status: { ...scheduled, scheduledAt: ago(20) },
    want: { reason: "ImageUnavailable", says: /check name, tag and imagePullSecrets/ },
  },
  {
    name: "an invalid image name ends at once",
    pod: { node: "a", state: waiting("InvalidImageName", "bad") },
    status: scheduled,
    want: { reason: "ImageUnavailable", says: /not an image reference/ },
  },
  {
    name: "a registry that does not answer has pullSeconds",
    pod: { node: "a", state: waiting("ImagePullBackOff", "dial tcp: timeout") },
    status: { ...scheduled, scheduledAt: ago(299) },
    want: undefined,
  },
  {
    name: "a pull that takes longer than pullSeconds ends",
    pod: { node: "a", state: waiting("ImagePullBackOff", "dial tcp: timeout") },
    status: { ...scheduled, scheduledAt: ago(300) },
    want: { reason: "ImageUnavailable", says: /imagePullSecrets/ },
  },
  {
    name: "a container that started while the operator was down for longer than pullSeconds runs on",
    pod: { node: "a", phase: "Running", state: running },
    status: { ...scheduled, scheduledAt: ago(900) },
    want: undefined,
  },
  {
    name: "a Pod whose network cannot be set up is StartError",
    pod: {
      node: "a",
      state: waiting("ContainerCreating"),
      conditions: [{ type: "PodReadyToStartContainers", status: "False" }],
    },
    status: { ...scheduled, scheduledAt: ago(301) },
    want: { reason: "StartError", says: /Events of the Pod/ },
  },
  {
    name: "a Secret that is missing to the end is StartError",
    pod: { node: "a", state: waiting("CreateContainerConfigError", 'secret "x" not found') },
    status: { ...scheduled, scheduledAt: ago(301) },
    want: { reason: "StartError", says: /Secret "x" does not exist yet\. Create it/ },
  },
  {
    name: "a Secret that may yet come is waited for",
    pod: { node: "a", state: waiting("CreateContainerConfigError", 'secret "x" not found') },
    status: { ...scheduled, scheduledAt: ago(299) },
    want: undefined,
  },
  {
    name: "an agent that cannot be installed is StartError",
    pod: { node: "a", phase: "Failed", installer: terminated(1, "no space") },
    status: scheduled,
    want: { reason: "StartError", exitCode: 1, says: /installed: no space/ },
  },
  {
    name: "an init container of the class that fails is StartError, and named",
    pod: { node: "a", phase: "Failed", init: terminated(3, "no route") },
    status: scheduled,
    want: { reason: "StartError", exitCode: 3, says: /init container init .* exit code 3: no route/ },
  },
  {
    name: "a sidecar that crashes and is restarted ends nothing",
    pod: { node: "a", phase: "Running", state: running, sidecar: terminated(1) },
    status: started,
    want: undefined,
  },
  {
    name: "a sidecar that runs does not hide what keeps the sandbox from running",
    pod: { node: "a", state: waiting("ImagePullBackOff", "dial tcp: timeout"), sidecar: running, beside: running },
    status: { ...scheduled, scheduledAt: ago(300) },
    want: { reason: "ImageUnavailable", says: /imagePullSecrets/ },
  },
  {
    name: "what keeps a container of the class from running ends no sandbox that runs",
    pod: { node: "a", state: running, beside: waiting("ImagePullBackOff", "dial tcp: timeout") },
    status: { ...scheduled, scheduledAt: ago(300) },
    want: undefined,
  },
  {
    name: "an unschedulable Pod has scheduleSeconds",
    pod: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" }] },
    created: ago(599),
    want: undefined,
  },
  {
    name: "an unschedulable Pod ends with the scheduler's words",
    pod: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes" }] },
    created: ago(600),
    want: { reason: "Unschedulable", says: /600 s: 0\/1 nodes.*spec\.resources/ },
  },
];

describe("podEnding", () => {
  test.each(rows)("$name", ({ pod, node, status, spec, created, want }) => {
    const sandbox = aSandbox(spec, status, created);
    const state = aPod(pod, sandbox);
    const seen = observed({ sandbox, pod: state, ...(node && { node }) });
    const ending = podEnding(state, { sandbox, patience, moments: momentsOf(seen, status, now) });
    if (want === undefined) {
      expect(ending).toBeUndefined();
      return;
    }
    expect(ending?.reason).toBe(want.reason);
    expect(ending?.exitCode).toBe(want.exitCode);
    expect(ending?.message).toMatch(want.says ?? /./);
  });
});

import { SANDBOX_CONTAINER } from "../../../src/api/constants.ts";
import { type SandboxClass, sandboxClassSchema } from "../../../src/api/sandbox-class.ts";
import { type Sandbox, sandboxSchema, type SandboxSpecInput, type SandboxStatus } from "../../../src/api/sandbox.ts";
import type { ContainerStatus, Pod } from "../../../src/kube/objects.ts";
import type { Observed } from "../../../src/operator/sandbox/observed.ts";
import { closedRanges } from "../../../src/operator/network/reach.ts";
import { podFor } from "../../../src/operator/sandbox/pod.ts";

export const now: Date = new Date("2026-11-21T10:00:00.000Z");
export const settings: Observed["settings"] = {
  agentImage: "agent:1",
  network: { clusterCidrs: [], dnsCidrs: [], namespace: "sandkeep-system" },
  tunnels: { domain: "tunnels.example", port: 443, tcpPorts: { first: 30_500, last: 30_502 } },
};
export const facts: Observed["facts"] = {
  imageVolumes: true,
  userNamespaces: new Set([""]),
  nodes: [],
  closed: closedRanges([]),
  apiServers: ["10.0.0.1:6443"],
};

/** A moment so many seconds before (or, negative, after) `now`. */
export function ago(seconds: number): string {
  return new Date(now.getTime() - seconds * 1000).toISOString();
}

export function aSandbox(spec: SandboxSpecInput = {}, status?: SandboxStatus, created: string = ago(1)): Sandbox {
  return sandboxSchema.parse({
    metadata: { name: "s", namespace: "n", uid: "u1", generation: 1, creationTimestamp: created },
    spec: { image: "busybox:stable", ...spec },
    ...(status && { status }),
  });
}

export function aClass(spec: object = {}): SandboxClass {
  return sandboxClassSchema.parse({ metadata: { name: "default" }, spec });
}

export function observed(parts: Partial<Observed> = {}): Observed {
  return { sandbox: aSandbox(), sandboxClass: aClass(), policies: [], facts, settings, ...parts };
}

type State = NonNullable<ContainerStatus["state"]>;

export interface PodParts {
  node?: string;
  phase?: string;
  reason?: string;
  message?: string;
  conditions?: NonNullable<NonNullable<Pod["status"]>["conditions"]>;
  state?: State;
  installer?: State;
  /** Containers of a podPatch: one that runs before the sandbox's, one that is restarted beside it, and one that is not. */
  init?: State;
  sidecar?: State;
  beside?: State;
  image?: string;
  metadata?: Partial<Pod["metadata"]>;
}

/** The Pod of `sandbox` as the API server would show it in some state. */
export function aPod(parts: PodParts = {}, sandbox: Sandbox = aSandbox()): Pod {
  const inputs = {
    sandboxClass: aClass().spec,
    probe: undefined,
    facts,
    agentImage: "agent:1",
    network: "x",
    appLabels: {},
  };
  const pod = podFor(sandbox, inputs);
  const { node, phase = "Pending", reason, message, conditions = [], metadata } = parts;
  const { state, installer, init, sidecar, beside } = parts;
  const containers = { [SANDBOX_CONTAINER]: state, beside };
  const initContainers = { "sandkeep-agent": installer, init, sidecar };
  return {
    ...pod,
    metadata: { ...pod.metadata, uid: "p1", resourceVersion: "7", ...metadata },
    spec: {
      containers: [],
      ...pod.spec,
      ...(sidecar && { initContainers: [{ name: "sidecar", restartPolicy: "Always" }] }),
      ...(node !== undefined && { nodeName: node }),
    },
    status: {
      phase,
      conditions,
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
      containerStatuses: statusesOf(containers),
      initContainerStatuses: statusesOf(initContainers),
    },
  };
}

export function terminated(exitCode: number, message = "", reason = "Error", finishedAt: string = ago(0)): State {
  return { terminated: { exitCode, message, reason, startedAt: ago(60), finishedAt } };
}

export function waiting(reason: string, message = ""): State {
  return { waiting: { reason, message } };
}

function statusesOf(states: Record<string, State | undefined>): ContainerStatus[] {
  return Object.entries(states).flatMap(([name, state]) => (state === undefined ? [] : [containerStatus(name, state)]));
}

function containerStatus(name: string, state: State): ContainerStatus {
  return { name, image: "busybox:stable", imageID: "busybox@sha256:1", ready: false, restartCount: 0, state };
}

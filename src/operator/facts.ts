import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ResourceKind } from "../api/meta.ts";
import type { Egress } from "./network/egress.ts";
import type { Node } from "../kube/objects.ts";
import { rangesOfNode } from "../kube/own-ranges.ts";

/** The part of `node.k8s.io/v1` that is read here. */
export interface RuntimeClass extends KubeObject {
  handler: string;
}

export const RUNTIME_CLASS: ResourceKind<RuntimeClass> = {
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  namespaced: false,
};

/** What the cluster can do, as far as Pods are built differently for it. */
export interface ClusterFacts {
  /** Every node mounts images as volumes. */
  imageVolumes: boolean;
  /** Names of the runtime classes (`""`: none) that share the node's kernel and have user namespaces on every node. */
  userNamespaces: ReadonlySet<string>;
  nodes: NodeFacts[];
  /** All that sandboxes cannot reach unless their class opens it. */
  closed: readonly string[];
  /** Where the API servers listen, as `address:port`. */
  apiServers: readonly string[];
  /** Where the egress part is installed, how to reach it. */
  egress?: Egress;
  /** The audiences whose tokens the API server accepts; absent if they are not known. */
  apiServerAudiences?: ReadonlySet<string>;
}

/** What decides where Pods fit. */
export interface NodeFacts {
  labels: Record<string, string>;
  /** Amounts by resource name. */
  allocatable: Record<string, string>;
}

/** The facts from the server's minor version, its nodes and runtime classes; without nodes nothing is assumed of them. */
export function factsFrom(
  serverMinor: number,
  nodes: Node[],
  runtimeClasses: RuntimeClass[],
): Omit<ClusterFacts, "closed" | "apiServers"> {
  const handlers = new Map([
    ["", ""],
    ...runtimeClasses.map(({ metadata, handler }) => [metadata.name, handler] as const),
  ]);
  const userNamespaces = [...handlers].filter(
    ([, handler]) =>
      serverMinor >= 33 &&
      sharesKernel(handler) &&
      nodes.length > 0 &&
      nodes.every((node) => hasUserNamespaces(node, handler)),
  );
  return {
    imageVolumes: serverMinor >= 36 && nodes.every(hasImageVolumes),
    userNamespaces: new Set(userNamespaces.map(([name]) => name)),
    nodes: nodes.map(({ metadata, status }) => ({
      labels: metadata.labels ?? {},
      allocatable: status?.allocatable ?? {},
    })),
  };
}

/** Whether a node tells other facts than before, or other addresses: its heartbeats do not. */
export function tellsOther(now: Node | undefined, before: Node | undefined): boolean {
  return !isDeepStrictEqual(now && toldBy(now), before && toldBy(before));
}

function toldBy(node: Node): unknown {
  const { allocatable, nodeInfo, runtimeHandlers } = node.status ?? {};
  return [node.metadata.labels, allocatable, nodeInfo, runtimeHandlers, rangesOfNode(node)];
}

/**
 * Root in a runtime with a kernel of its own is not the node's root anyway, and gVisor under containerd claims to support
 * user namespaces, but cannot start Pods in one.
 */
function sharesKernel(handler: string): boolean {
  return handler === "" || /^(runc|crun|youki)/.test(handler);
}

function hasUserNamespaces(node: Node, handler: string): boolean {
  const named = node.status?.runtimeHandlers?.find(({ name }) => (name ?? "") === handler);
  return named?.features?.userNamespaces === true;
}

/** Image volumes need containerd 2.1, CRI-O 1.33, and a kubelet of the version that has them on. */
function hasImageVolumes(node: Node): boolean {
  const info = node.status?.nodeInfo;
  const kubelet = versionOf(info?.kubeletVersion);
  const [runtime = "", version = ""] = info?.containerRuntimeVersion?.split("://") ?? [];
  const least = { containerd: [2, 1], "cri-o": [1, 33] }[runtime];
  return least !== undefined && atLeast(kubelet, [1, 35]) && atLeast(versionOf(version), least);
}

function versionOf(text = ""): number[] {
  return (/(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
}

function atLeast([major = 0, minor = 0]: number[], [wantMajor = 0, wantMinor = 0]: number[]): boolean {
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

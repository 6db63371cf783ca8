import { describe, expect, test } from "vitest";
import type { Node } from "../../../src/kube/objects.ts";
import { factsFrom, type RuntimeClass, tellsOther } from "../../../src/operator/facts.ts";

const runtimeClasses: RuntimeClass[] = [
  { metadata: { name: "gvisor" }, handler: "runsc" },
  { metadata: { name: "small" }, handler: "crun-small" },
];

function node(containerRuntimeVersion: string, handlers: Record<string, boolean>, kubeletVersion = "v1.36.3"): Node {
  return {
    metadata: { name: "a" },
    status: {
      nodeInfo: { containerRuntimeVersion, kubeletVersion },
      runtimeHandlers: Object.entries(handlers).map(([name, userNamespaces]) => ({
        name,
        features: { userNamespaces },
      })),
    },
  } as Node;
}

const able = node("containerd://2.2.9", { "": true, runsc: false });

const rows = [
  { name: "a current cluster has both", minor: 36, nodes: [able], images: true, users: [""] },
  { name: "a server before 1.36 has no image volumes for sure", minor: 35, nodes: [able], images: false, users: [""] },
  { name: "a server before 1.33 has neither", minor: 32, nodes: [able], images: false, users: [] },
  {
    name: "one old node is enough to do without",
    minor: 36,
    nodes: [able, node("containerd://1.7.2", { "": false })],
    images: false,
    users: [],
  },
  {
    name: "an old kubelet does not mount images",
    minor: 36,
    nodes: [node("cri-o://1.36.0", {}, "v1.34.0")],
    images: false,
    users: [],
  },
  {
    name: "a runtime class counts by its handler",
    minor: 36,
    nodes: [node("cri-o://1.36.0", { "crun-small": true })],
    images: true,
    users: ["small"],
  },
  {
    name: "a runtime with a kernel of its own does without, whatever it claims",
    minor: 36,
    nodes: [node("cri-o://1.36.0", { runsc: true })],
    images: true,
    users: [],
  },
  { name: "an unknown runtime is not trusted", minor: 36, nodes: [node("other://9.9", {})], images: false, users: [] },
  { name: "without nodes the server decides on images alone", minor: 36, nodes: [], images: true, users: [] },
];

describe("factsFrom", () => {
  test.each(rows)("$name", ({ minor, nodes, images, users }) => {
    const facts = factsFrom(minor, nodes, runtimeClasses);
    expect(facts.imageVolumes).toBe(images);
    expect([...facts.userNamespaces]).toEqual(users);
  });
});

const beating = { ...able, status: { ...able.status, conditions: [{ type: "Ready", status: "True" }] } } as Node;

test.each<[what: string, now: Node | undefined, tells: boolean]>([
  ["a heartbeat", beating, false],
  ["a label", { ...able, metadata: { name: "a", labels: { pool: "gpu" } } }, true],
  [
    "an address",
    { ...able, status: { ...able.status, addresses: [{ type: "InternalIP", address: "10.0.0.9" }] } },
    true,
  ],
  ["a range of Pods", { ...able, spec: { podCIDR: "10.1.0.0/24" } }, true],
  ["an amount", { ...able, status: { ...able.status, allocatable: { cpu: "4" } } }, true],
  ["a runtime's features", node("containerd://2.2.9", { "": true, runsc: true }), true],
  ["a kubelet", node("containerd://2.2.9", { "": true, runsc: false }, "v1.37.0"), true],
  ["a node that goes", undefined, true],
])("whether %s is a reason to work out the facts again", (_what, now, tells) => {
  expect(tellsOther(now, able)).toBe(tells);
});

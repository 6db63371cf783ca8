import { describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../../src/api/sandbox.ts";
import type { NodeFacts } from "../../../../src/operator/facts.ts";
import { placementFor } from "../../../../src/operator/sandbox/placement.ts";
import { aClass, aSandbox } from "../builders.ts";

const product = "nvidia.com/gpu.product";
const gke = "cloud.google.com/gke-accelerator";
const region = "topology.kubernetes.io/region";
const taint = { key: "nvidia.com/gpu", operator: "Exists" };
const gpus = {
  H100: {
    anyNodeLabel: [
      { key: product, values: ["H100"] },
      { key: gke, values: ["h100"] },
    ],
    tolerations: [taint],
  },
  L4: { nodeLabels: { [product]: "L4" }, tolerations: [taint] },
  MI300: { resourceName: "amd.com/gpu" },
};
const clouds = { aws: { anyNodeLabel: [{ key: "eks" }, { key: "karpenter" }] }, here: {} };

const isIn = (key: string, ...values: string[]) => ({ key, operator: "In", values });
const has = (key: string) => ({ key, operator: "Exists" });
const term = (...matchExpressions: object[]) => ({ matchExpressions });

function required(...nodeSelectorTerms: object[]) {
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}

interface Row {
  name: string;
  spec: SandboxSpecInput;
  classSpec?: object;
  want: object;
}

const rows: Row[] = [
  { name: "nothing asked for, nothing said", spec: {}, want: {} },
  {
    name: "the labels of the class win, and its tolerations add up",
    spec: {
      placement: { nodeSelector: { pool: "mine", disk: "ssd" }, tolerations: [{ key: "own", operator: "Exists" }] },
    },
    classSpec: { nodeSelector: { pool: "sandboxes" }, tolerations: [{ key: "sandboxes", operator: "Exists" }] },
    want: {
      nodeSelector: { pool: "sandboxes", disk: "ssd" },
      tolerations: [
        { key: "own", operator: "Exists" },
        { key: "sandboxes", operator: "Exists" },
      ],
    },
  },
  {
    name: "any of the regions",
    spec: { placement: { regions: ["eu", "us"] } },
    want: { affinity: required(term(isIn(region, "eu", "us"))) },
  },
  {
    name: "a cloud by any of its labels, in a region",
    spec: { placement: { cloud: "AWS", regions: ["eu"] } },
    want: { affinity: required(term(has("eks"), isIn(region, "eu")), term(has("karpenter"), isIn(region, "eu"))) },
  },
  { name: "a cloud that is all nodes", spec: { placement: { cloud: "here" } }, want: {} },
  {
    name: "a GPU by any of its labels",
    spec: { gpu: ["h100"] },
    want: { affinity: required(term(isIn(product, "H100")), term(isIn(gke, "h100"))), tolerations: [taint] },
  },
  {
    name: "a GPU in a region",
    spec: { gpu: ["L4"], placement: { regions: ["eu"] } },
    want: { affinity: required(term(isIn(product, "L4"), isIn(region, "eu"))), tolerations: [taint] },
  },
  {
    name: "a GPU that needs no label but its resource",
    spec: { gpu: ["MI300"] },
    want: {},
  },
  {
    name: "fallbacks in order; a node that has two labels of a kind counts once",
    spec: { gpu: ["H100", "L4"] },
    want: {
      tolerations: [taint],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [term(isIn(product, "H100")), term(isIn(gke, "h100")), term(isIn(product, "L4"))],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, preference: term(isIn(product, "H100")) },
            {
              weight: 100,
              preference: term(isIn(gke, "h100"), { key: product, operator: "NotIn", values: ["H100"] }),
            },
          ],
        },
      },
    },
  },
];

const labels = { [product]: "L4", [region]: "eu" };
const twoL4: NodeFacts = { labels, allocatable: { "nvidia.com/gpu": "2" } };
const oneMI300: NodeFacts = { labels: {}, allocatable: { "amd.com/gpu": "1" } };

const pools: { name: string; spec: SandboxSpecInput; classSpec?: object; nodes: NodeFacts[]; want: object }[] = [
  { name: "the first where no node has any", spec: { gpu: ["H100:4", "L4"] }, nodes: [], want: { count: 4 } },
  { name: "the first that a node has", spec: { gpu: ["H100:4", "L4:2"] }, nodes: [twoL4], want: { count: 2 } },
  { name: "not one that a node has too few of", spec: { gpu: ["L4:4", "L4"] }, nodes: [twoL4], want: { count: 1 } },
  {
    name: "another resource",
    spec: { gpu: ["H100", "MI300"] },
    nodes: [oneMI300],
    want: { resourceName: "amd.com/gpu", count: 1 },
  },
  {
    name: "only on nodes in the place asked for",
    spec: { gpu: ["L4:2", "MI300"], placement: { regions: ["us"] } },
    nodes: [twoL4],
    want: { resourceName: "nvidia.com/gpu" },
  },
  {
    name: "only on nodes of the class",
    spec: { gpu: ["L4:2", "MI300"] },
    classSpec: { nodeSelector: { pool: "none" } },
    nodes: [oneMI300],
    want: { resourceName: "nvidia.com/gpu" },
  },
  {
    name: "any, of the resource that a node has",
    spec: { gpu: ["any"] },
    nodes: [oneMI300],
    want: { resourceName: "amd.com/gpu" },
  },
];

describe("placementFor", () => {
  test.each(rows)("$name", ({ spec, classSpec, want }) => {
    expect(placementFor(aSandbox(spec).spec, aClass({ gpus, clouds, ...classSpec }).spec, []).pod).toEqual(want);
  });

  test.each(pools)("takes $name", ({ spec, classSpec, nodes, want }) => {
    const placement = placementFor(aSandbox(spec).spec, aClass({ gpus, ...classSpec }).spec, nodes);
    expect(placement.gpus).toMatchObject(want);
  });

  test("weighs each of eight kinds less than the one before it", () => {
    const gpu = Array.from({ length: 8 }, (_, index) => `g${index}`);
    const kinds = Object.fromEntries(gpu.map((kind) => [kind, { nodeLabels: { kind } }]));
    const { pod } = placementFor(aSandbox({ gpu }).spec, aClass({ gpus: kinds }).spec, []);
    const preferred = pod.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    expect(preferred.map(({ weight }) => weight)).toEqual([100, 50, 25, 12, 6, 3, 1]);
  });
});

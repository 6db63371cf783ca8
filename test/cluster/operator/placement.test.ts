import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { type Node, NODE } from "../../../src/kube/objects.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

// No machine here has a GPU. The cluster's node advertises some as Kubernetes lets an administrator do, and its sandboxes
// really start; the other nodes are nothing but Node objects, of which the scheduler knows no better.
const product = "nvidia.com/gpu.product";
const resource = "nvidia.com/gpu";
const region = "topology.kubernetes.io/region";
const taint = { key: resource, effect: "NoSchedule" };
const statusOf = { subresource: "status" } as const;
/** The controllers see after a while that nobody is behind an imitated node. */
const whatever = ["unreachable", "not-ready"].map((key) => ({ key: `node.kubernetes.io/${key}`, operator: "Exists" }));
const kind = (value: string) => ({
  nodeLabels: { [product]: value },
  tolerations: [{ key: resource, operator: "Exists" }, ...whatever],
});

let world: OperatorWorld;
let className: string;
let realNode: Node;
const imitated: string[] = [];

beforeAll(async () => {
  world = await operatorWorld();
  const { kube, namespace } = world;
  realNode = await kube.get(NODE, { name: "node1" });
  await kube.mergePatch(NODE, { name: "node1" }, { metadata: { labels: { [product]: `T4-${namespace}` } } });
  const capacity = { [resource]: "2" };
  await kube.mergePatch(NODE, { name: "node1" }, { status: { capacity } }, statusOf);
  await waitFor("the kubelet to offer it", async () => {
    const { status } = await kube.get(NODE, { name: "node1" });
    return status?.allocatable?.[resource] === "2";
  });
  className = await world.createClass({
    gpus: {
      T4: kind(`T4-${namespace}`),
      L4: kind(`L4-${namespace}`),
      H100: kind(`H100-${namespace}`),
      B200: kind(`B200-${namespace}`),
    },
    clouds: { moon: { nodeLabels: { "example.com/cloud": namespace } } },
  });
  await imitate("H100", "1", { [region]: "earth" });
  await imitate("L4", "1", { [region]: "moon", "example.com/cloud": namespace });
});

afterAll(async () => {
  const { kube } = world;
  for (const name of imitated) await kube.delete(NODE, { name });
  await kube.mergePatch(NODE, { name: "node1" }, { metadata: { labels: { [product]: null } } });
  await kube.mergePatch(NODE, { name: "node1" }, { status: { capacity: { [resource]: null } } }, statusOf);
  await world[Symbol.asyncDispose]();
});

/** A Node object that claims to be like the real one, with GPUs. It sorts behind it, where tests look for a node. */
async function imitate(gpu: string, count: string, labels: Record<string, string> = {}): Promise<string> {
  const { kube, namespace } = world;
  const name = `not-real-${gpu.toLowerCase()}-${namespace}`;
  imitated.push(name);
  await kube.create(NODE, {
    metadata: { name, labels: { [product]: `${gpu}-${namespace}`, ...labels } },
    spec: { taints: [taint] },
  });
  const { nodeInfo, runtimeHandlers } = realNode.status ?? {};
  const amounts = { cpu: "8", memory: "8Gi", pods: "10", [resource]: count };
  const conditions = [{ type: "Ready", status: "True", reason: "Imitated", message: "" }];
  const status = { capacity: amounts, allocatable: amounts, conditions, nodeInfo, runtimeHandlers };
  await kube.mergePatch(NODE, { name }, { status }, statusOf);
  // The controllers keep a new node free until they have seen that it is ready.
  await waitFor("the node to be taken for ready", async () => {
    const { spec } = await kube.get(NODE, { name });
    return spec?.taints?.every(({ key }) => key !== "node.kubernetes.io/not-ready");
  });
  return name;
}

function create(name: string, spec: SandboxSpecInput): Promise<unknown> {
  return world.create(name, { ...small, className, ...spec });
}

function nodeOf(name: string): Promise<string> {
  return waitFor(`sandbox ${name} to have a node`, async () => (await world.get(name)).status?.nodeName);
}

function complaint(name: string): Promise<string> {
  return waitFor("the scheduler's words", async () => {
    const { status } = await world.get(name);
    return status?.conditions?.find(({ reason }) => reason === "Unschedulable")?.message;
  });
}

describe("the scheduler", () => {
  test("starts a sandbox on the node that has its GPU, and one that finds none left says so", async () => {
    await create("one", { gpu: ["t4"] });
    expect((await world.reaches("one", "Started")).status?.nodeName).toBe("node1");
    await create("two-more", { gpu: ["T4:2"] });
    expect(await complaint("two-more")).toMatch(/Insufficient nvidia\.com\/gpu/);
  });

  test("takes the kinds of a list in order, as long as there are any", async () => {
    const gpu = ["H100", "L4"];
    await create("first", { gpu });
    expect(await nodeOf("first")).toContain("h100");
    await create("second", { gpu });
    expect(await nodeOf("second")).toContain("l4");
    await create("third", { gpu });
    expect(await complaint("third")).toMatch(/2 Insufficient nvidia\.com\/gpu/);
  });

  test("is asked for the number of GPUs that a node has", async () => {
    await create("fewer", { gpu: ["H100:8", "T4"] });
    expect((await world.reaches("fewer", "Started")).status?.nodeName).toBe("node1");
  });

  test("keeps to region and cloud", async () => {
    const tolerations = [{ key: resource, operator: "Exists" as const }, { operator: "Exists" as const }];
    await create("on-earth", { placement: { regions: ["earth", "mars"], tolerations } });
    await create("on-the-moon", { placement: { cloud: "Moon", tolerations } });
    expect(await nodeOf("on-earth")).toContain("h100");
    expect(await nodeOf("on-the-moon")).toContain("l4");
    await create("nowhere", { placement: { cloud: "moon", regions: ["earth"], tolerations } });
    expect(await complaint("nowhere")).toMatch(/didn't match Pod's node affinity/);
  });
});

test("a sandbox whose GPU no node has waits for one to come", async () => {
  await create("early", { gpu: ["B200"] });
  expect(await complaint("early")).toMatch(/didn't match Pod's node affinity/);
  const node = await imitate("B200", "8");
  expect(await nodeOf("early")).toBe(node);
});

test("and ends as Unschedulable after the class's limit, saying what was missing", async () => {
  const impatient = await world.createClass({
    gpus: { B200: kind("nowhere") },
    limits: { scheduleSeconds: 2 },
  });
  await world.create("impatient", { ...small, className: impatient, gpu: ["B200"] });
  const { status } = await world.reaches("impatient", "Finished");
  expect(status).toMatchObject({ reason: "Unschedulable" });
  expect(status?.message).toMatch(/^No node took it within 2 s: .*node affinity.*Ask for less/);
  await waitFor("its Pod to go", async () => (await world.pod("impatient")) === undefined);
});

test("a GPU or cloud that the class does not know is Rejected with those that it does", async () => {
  await create("unknown", { gpu: ["TPU"] });
  const { status } = await world.reaches("unknown", "Finished");
  expect(status).toMatchObject({ reason: "Rejected" });
  expect(status?.message).toMatch(/GPU TPU is unknown .*B200, H100, L4, T4, any/);
  await create("elsewhere", { placement: { cloud: "mars" } });
  expect((await world.reaches("elsewhere", "Finished")).status?.message).toMatch(/Cloud mars .*has moon/);
});

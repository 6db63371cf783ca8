import { afterAll, beforeAll, expect, test } from "vitest";
import { SANDBOX, type SandboxSpecInput, type SandboxStatus } from "../../../src/api/sandbox.ts";
import { NODE, POD } from "../../../src/kube/objects.ts";
import { sleep } from "../../../src/lib/sleep.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small, untilToldTo } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld({ nodes: 2, name: "test-nodes" });
  // A kubelet takes up to half a minute to notice, in which the other tests run.
  const resources = { ...small.resources, limits: { "ephemeral-storage": "10Mi" } };
  const command = ["sh", "-c", "head -c 30000000 /dev/zero > /file; sleep 1000"];
  await world.create("full", { ...on("node1"), resources, command });
});
afterAll(() => world[Symbol.asyncDispose]());

const on = (node: string): SandboxSpecInput => ({
  ...small,
  placement: { nodeSelector: { "kubernetes.io/hostname": node } },
});
const onSecondNode = on("node2");

async function finishes(name: string): Promise<SandboxStatus | undefined> {
  return (await world.reaches(name, "Finished")).status;
}

test.each(["restart", "kill"] as const)(
  "a sandbox outlives the %s of its node's kubelet, in the same Pod",
  async (act) => {
    const name = `outlives-${act}`;
    await world.create(name, onSecondNode);
    await world.reaches(name, "Started");
    const before = await world.pod(name);
    await world.cluster[act]("kubelet-2");
    // What the kubelet does next shows that it has taken stock of its Pods.
    await world.create(`after-${act}`, { ...onSecondNode, command: ["true"] });
    expect(await finishes(`after-${act}`)).toMatchObject({ reason: "Completed", nodeName: "node2" });

    expect((await world.get(name)).status?.phase).toBe("Started");
    const after = await world.pod(name);
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.status?.containerStatuses?.map(({ containerID }) => containerID)).toEqual(
      before?.status?.containerStatuses?.map(({ containerID }) => containerID),
    );
  },
);

test("an administrator's taint evicts", async () => {
  const { kube } = world;
  await world.create("tainted", onSecondNode);
  await world.reaches("tainted", "Started");
  await kube.mergePatch(NODE, { name: "node2" }, { spec: { taints: [{ key: "repair", effect: "NoExecute" }] } });
  try {
    expect(await finishes("tainted")).toMatchObject({
      reason: "Evicted",
      exitCode: 137,
      message: expect.stringContaining("NoExecute taint"),
    });
  } finally {
    await kube.mergePatch(NODE, { name: "node2" }, { spec: { taints: null } });
  }
});

test("a minute without API server changes no end, and costs no second Pod", async () => {
  const { cluster, kube, namespace } = world;
  const specs: Record<string, SandboxSpecInput> = {
    "ends-meanwhile": { ...small, command: ["sh", "-c", "until [ -e /tmp/go ]; do sleep 0.1; done; sleep 20; exit 4"] },
    "ends-later": { ...small, command: untilToldTo(5) },
    "times-out": { ...small, timeoutSeconds: 30 },
    "is-terminated": small,
  };
  const names = Object.keys(specs);
  for (const name of names) await world.create(name, specs[name] ?? {});
  for (const name of names) await world.reaches(name, "Started");
  const uids = await Promise.all(names.map(async (name) => (await world.pod(name))?.metadata.uid));
  await world.execute("ends-meanwhile", "touch", "/tmp/go");
  await kube.mergePatch(SANDBOX, { namespace, name: "is-terminated" }, { spec: { desiredState: "Terminated" } });
  await cluster.stop("apiserver");
  // How long it is away is what is tested.
  await sleep(60_000);
  await cluster.start("apiserver");
  await waitFor("the API server", async () => (await kube.list(SANDBOX, { namespace })).items.length > 0);
  const after = await Promise.all(names.map(async (name) => (await world.pod(name))?.metadata.uid ?? "gone"));
  await waitFor("the sandbox to take a command", async () => {
    await world.execute("ends-later", "touch", "/tmp/go");
    return true;
  });
  const ends = await Promise.all(names.map(finishes));
  expect(ends.map((status) => [status?.reason, status?.exitCode])).toEqual([
    ["Error", 4],
    ["Error", 5],
    ["Timeout", 124],
    ["Terminated", 137],
  ]);
  expect(after.filter((uid, index) => uid !== "gone" && uid !== uids[index])).toEqual([]);
});

// Kubernetes looks for Nodes that are gone every 20 s, gives one 40 s to come back, and ends its Pods when it looks the next
// time: 80 s at most. The operator looks every 10 s whether the node of a Pod that is being deleted is there.
test("a node that is lost ends its sandboxes: those whose Pod is deleted, and all once it is deleted", async () => {
  const { namespace, kube, cluster } = world;
  await world.create("deleted", onSecondNode);
  await world.create("left", onSecondNode);
  await world.reaches("deleted", "Started");
  await world.reaches("left", "Started");
  await cluster.stop("kubelet-2");
  try {
    await kube.delete(POD, { namespace, name: "deleted" });
    expect((await world.get("deleted")).status?.phase).toBe("Started");
    await kube.delete(NODE, { name: "node2" });
    const [deleted, left] = await Promise.all([finishes("deleted"), finishes("left")]);
    const lost = { reason: "NodeLost", exitCode: 137, nodeName: "node2" };
    expect(deleted).toMatchObject({ ...lost, message: "Node node2 is lost: it is gone, or does not answer." });
    expect(left).toMatchObject({
      ...lost,
      message: expect.stringMatching(/^Node node2 is lost: .*node no longer exists/),
    });
  } finally {
    await cluster.start("kubelet-2");
  }
});

test("a sandbox that fills its disk is evicted, and its message names the limit", async () => {
  const status = await finishes("full");
  expect(status).toMatchObject({ reason: "Evicted", exitCode: 137, message: expect.stringContaining("10Mi") });
  expect(status?.startedAt).toBeDefined();
});

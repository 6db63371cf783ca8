import { afterAll, beforeAll, expect, test } from "vitest";
import { LABELS } from "../../../src/api/constants.ts";
import { SANDBOX } from "../../../src/api/sandbox.ts";
import { INGRESS, type Ingress, RESOURCE_QUOTA, SERVICE } from "../../../src/kube/objects.ts";
import { sleep } from "../../../src/lib/sleep.ts";
import { conditionOf } from "../../../src/operator/conditions.ts";
import { waitFor } from "../../support/wait-for.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
let className: string;
beforeAll(async () => {
  world = await operatorWorld();
  const tunnels = { mode: "Ingress", domain: "class.example", inboundAnnotation: "example.com/allow-list" };
  className = await world.createClass({ tunnels });
});
afterAll(() => world[Symbol.asyncDispose]());

async function ingressesOf(name: string): Promise<Ingress[]> {
  const { items } = await world.kube.list(INGRESS, {
    namespace: world.namespace,
    labelSelector: `${LABELS.sandbox}=${name}`,
  });
  return items;
}

test("a sandbox with tunnels costs a Service and an Ingress more, a change of who may come in one write, and nothing at rest", async () => {
  await world.create("routed", { ...small, className, tunnels: [{ port: 80 }, { port: 81 }] });
  await world.reaches("routed", "Started");
  const [ingress] = await waitFor("its Ingress", async () => {
    const found = await ingressesOf("routed");
    return found.length > 0 && found;
  });
  const routeWrites = () => world.writes.filter((write) => /services|ingresses/.test(write));
  await sleep(2_000);
  expect(routeWrites()).toEqual(["apply services", "apply ingresses"]);

  const spec = { network: { inbound: { cidrs: ["192.0.2.0/24"] } } };
  await world.kube.mergePatch(SANDBOX, { namespace: world.namespace, name: "routed" }, { spec });
  const allowed = async () => (await ingressesOf("routed"))[0]?.metadata.annotations?.["example.com/allow-list"];
  expect(await waitFor("the annotation", allowed)).toBe("192.0.2.0/24");
  await world.kube.mergePatch(SANDBOX, { namespace: world.namespace, name: "routed" }, { spec: { network: null } });
  await waitFor("the annotation to go", async () => (await allowed()) === undefined);
  await sleep(2_000);
  expect(routeWrites()).toEqual(["apply services", "apply ingresses", "apply ingresses", "apply ingresses"]);
  expect((await ingressesOf("routed"))[0]?.metadata.uid).toBe(ingress?.metadata.uid);
});

test("both go with the Pod, while the sandbox stays", async () => {
  const spec = { desiredState: "Terminated" };
  await world.kube.mergePatch(SANDBOX, { namespace: world.namespace, name: "routed" }, { spec });
  await waitFor("them to go", async () => {
    const { items } = await world.kube.list(SERVICE, { namespace: world.namespace });
    return items.length === 0 && (await ingressesOf("routed")).length === 0;
  });
  await world.reaches("routed", "Finished");
});

test("what keeps an Ingress from being made is told", async () => {
  const hard = { "count/ingresses.networking.k8s.io": "0" };
  const metadata = { namespace: world.namespace, name: "none" };
  await world.kube.create(RESOURCE_QUOTA, { metadata, spec: { hard } });
  await waitFor("the quota to count", async () => (await world.kube.get(RESOURCE_QUOTA, metadata)).status?.hard);
  await world.create("refused", { ...small, className, tunnels: [{ port: 80 }] });
  const stalled = async () => conditionOf((await world.get("refused")).status?.conditions, "Stalled");
  const { reason, message } = await waitFor("the condition", stalled);
  expect([reason, message]).toEqual(["NoRoute", expect.stringContaining("exceeded quota: none")]);
});

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { POD_ANNOTATIONS, LABELS } from "../../../src/api/constants.ts";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { followResolving, followRules } from "../../../src/egress/follow-rules.ts";
import { Reach } from "../../../src/egress/rule/reach.ts";
import { podReflector, SandboxClients, sandboxReflector } from "../../../src/egress/sandboxes.ts";
import { POD, type Pod } from "../../../src/kube/objects.ts";
import type { ChangeHandler } from "../../../src/runtime/reflector.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aPod(name: string, uid: string, address: string, phase = "Running"): Pod {
  return {
    metadata: {
      name,
      namespace: "ns",
      labels: { [LABELS.sandbox]: name },
      annotations: { [POD_ANNOTATIONS.classTerms]: '{"domains":true,"allowedPrivateCidrs":["10.9.0.0/16"]}' },
      ownerReferences: [{ apiVersion: "v1", kind: "Sandbox", name, uid }],
    },
    status: { phase, podIPs: [{ ip: address }, { ip: "fd00::1" }] },
  };
}

function aSandbox(name: string, uid: string, network?: Sandbox["spec"]["network"]): Sandbox {
  return { metadata: { name, namespace: "ns", uid }, spec: { ...(network && { network }) } } as Sandbox;
}

async function known(pods: Pod[], sandboxes: Sandbox[]): Promise<SandboxClients> {
  const kube = new MemoryKube();
  for (const pod of pods) kube.put(POD, pod);
  for (const sandbox of sandboxes) kube.put(SANDBOX, { ...sandbox, metadata: { ...sandbox.metadata } });
  const [podSource, sandboxSource] = [podReflector(kube, silentLog), sandboxReflector(kube, silentLog)];
  const reach = new Reach();
  reach.setClosed(["93.184.216.0/24"]);
  const clients = new SandboxClients(podSource, sandboxSource, reach);
  const stop = new AbortController();
  void podSource.run(stop.signal);
  void sandboxSource.run(stop.signal);
  await Promise.all([podSource.store.ready, sandboxSource.store.ready]);
  stop.abort();
  return clients;
}

async function uidAt(clients: SandboxClients, address: string): Promise<string | undefined> {
  const found = clients.at(address);
  await vi.advanceTimersByTimeAsync(10_000);
  return (await found)?.uid;
}

describe("a sandbox is found by the address of its Pod", () => {
  const sandbox = aSandbox("a", "1");
  test.each<[string, Pod[], Sandbox[], string | undefined]>([
    ["that runs", [aPod("a", "1", "10.0.0.1")], [sandbox], "1"],
    ["that is about to run", [aPod("a", "1", "10.0.0.1", "Pending")], [sandbox], "1"],
    ["but not once it has ended", [aPod("a", "1", "10.0.0.1", "Succeeded")], [sandbox], undefined],
    ["but not at another", [aPod("a", "1", "10.0.0.2")], [sandbox], undefined],
    ["but not if that was an earlier one's", [aPod("a", "0", "10.0.0.1")], [sandbox], undefined],
    ["but not if there is none", [aPod("a", "1", "10.0.0.1")], [], undefined],
    [
      "but not if two have it",
      [aPod("a", "1", "10.0.0.1"), aPod("b", "2", "10.0.0.1")],
      [sandbox, aSandbox("b", "2")],
      undefined,
    ],
    [
      "also if one of two has ended",
      [aPod("a", "1", "10.0.0.1", "Failed"), aPod("b", "2", "10.0.0.1")],
      [sandbox, aSandbox("b", "2")],
      "2",
    ],
  ])("%s", async (_, pods, sandboxes, expected) => {
    expect(await uidAt(await known(pods, sandboxes), "10.0.0.1")).toBe(expected);
  });
});

test("it is known with its rule, and with what its class opens", async () => {
  const clients = await known(
    [aPod("a", "1", "10.0.0.1")],
    [aSandbox("a", "1", { outbound: { domains: ["a.example"] } })],
  );
  const client = await clients.at("10.0.0.1");
  expect(client).toMatchObject({ namespace: "ns", name: "a", access: { kind: "proxied" } });
  expect(clients.now("10.0.0.1", "1")).toBeDefined();
  expect(clients.now("10.0.0.1", "other")).toBeUndefined();
  const reached = [
    "8.8.8.8",
    "10.9.1.1",
    "10.8.1.1",
    "169.254.169.254",
    "93.184.216.34",
    "::ffff:8.8.8.8",
    "2606:4700::1",
    "fd00::1",
  ];
  expect(reached.filter((address) => client?.reaches(address))).toEqual(["8.8.8.8", "10.9.1.1", "2606:4700::1"]);
});

test("before the cluster's own ranges are known nothing public is reached", () => {
  expect(new Reach().for('{"domains":true}')?.("8.8.8.8")).toBe(false);
});

test.each([
  ["none", undefined],
  ["what is no JSON", "{"],
  ["those of a class without domains", '{"allowedPrivateCidrs":[]}'],
  ["those that do not say so plainly", '{"domains":"true"}'],
  ["a range without a prefix", '{"domains":true,"allowedPrivateCidrs":["10.0.0.0"]}'],
  ["a prefix that is too long", '{"domains":true,"allowedPrivateCidrs":["10.0.0.0/99"]}'],
  ["what is no range", '{"domains":true,"allowedPrivateCidrs":["all"]}'],
])("a Pod on terms that the operator does not write is no sandbox's here: %s", (_, terms) => {
  expect(new Reach().for(terms)).toBeUndefined();
});

test("when the API server has been silent for long, nobody is anybody any more", async () => {
  const clients = await known([aPod("a", "1", "10.0.0.1")], [aSandbox("a", "1")]);
  await vi.advanceTimersByTimeAsync(95_000);
  expect([clients.isStale, clients.now("10.0.0.1", "1")?.uid]).toEqual([false, "1"]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([clients.isStale, clients.now("10.0.0.1", "1")]).toEqual([true, undefined]);
  await expect(clients.at("10.0.0.1")).rejects.toThrow(/silent/);
});

test("connections are looked at when a rule changes, and cut when their sandbox or Pod goes", () => {
  const reviewed: unknown[] = [];
  const handlers: { pod?: (change: object) => void; sandbox?: (change: object) => void } = {};
  followRules(
    { subscribe: (handler) => void (handlers.pod = handler as never) },
    { subscribe: (handler) => void (handlers.sandbox = handler as never) },
    { review: (uid, access) => void reviewed.push([uid, access?.kind]) },
  );
  const [before, after] = [aSandbox("a", "1", { outbound: { domains: ["a.example"] } }), aSandbox("a", "1")];
  handlers.sandbox?.({ key: "ns/a", previous: before, object: after });
  handlers.sandbox?.({ key: "ns/a", previous: before, object: aSandbox("a", "2") });
  handlers.sandbox?.({ key: "ns/a", previous: after });
  const { status: _, ...ended } = aPod("a", "1", "10.0.0.1");
  handlers.pod?.({ key: "ns/a", previous: aPod("a", "1", "10.0.0.1"), object: ended });
  expect(reviewed).toEqual([
    ["1", "direct"],
    ["1", undefined],
    ["2", "direct"],
    ["1", undefined],
    ["1", undefined],
  ]);
});

test.each<[rule: string, network: Sandbox["spec"]["network"], cut: boolean]>([
  ["no network", { block: true }, true],
  ["nothing to reach", { outbound: { cidrs: [] } }, true],
  ["addresses", { outbound: { cidrs: ["1.1.1.1/32"] } }, false],
  ["names", { outbound: { domains: ["a.example"] } }, false],
])("connections to the resolver of a sandbox that comes to have %s are cut: %j, %s", async (_, network, cut) => {
  const changed = aSandbox("a", "1", network);
  const clients = await known([aPod("a", "1", "10.0.0.1"), aPod("b", "2", "10.0.0.2")], [changed, aSandbox("b", "2")]);
  const handlers: ChangeHandler<Sandbox>[] = [];
  const isCut: boolean[] = [];
  followResolving({ subscribe: (handler) => void handlers.push(handler) }, clients, {
    cut: (isMeant) => void isCut.push(...["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(isMeant)),
  });
  for (const tell of handlers) tell({ key: "ns/a", previous: aSandbox("a", "1"), object: changed });
  expect(isCut).toEqual(cut ? [true, false, false] : []);
});

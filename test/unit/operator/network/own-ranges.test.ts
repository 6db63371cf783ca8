import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "../../../../src/kube/api-error.ts";
import { type EndpointSlice, type Node, SERVICE_CIDR } from "../../../../src/kube/objects.ts";
import { listenersOfSlice, rangesOfNode, rangesOfSlice, hasServiceRanges } from "../../../../src/kube/own-ranges.ts";
import { clusterFacts } from "../../../../src/operator/cluster.ts";
import { deniedAddresses, enforcementObjection } from "../../../../src/operator/network/enforcement.ts";
import { worldOf } from "../../../../src/operator/world.ts";
import { MemoryKube } from "../../../support/memory-kube.ts";
import { silentLog } from "../../../support/silent-log.ts";
import { aClass } from "../builders.ts";

const metadata = { name: "x" };
const slice: EndpointSlice = {
  metadata,
  addressType: "IPv4",
  endpoints: [{ addresses: ["192.0.2.1", "2001:db8::1"] }],
  ports: [{ name: "https", port: 6443 }],
};

test.each<[Node, string[]]>([
  [{ metadata }, []],
  [{ metadata, spec: { podCIDR: "10.1.0.0/24" } }, ["10.1.0.0/24"]],
  [
    { metadata, spec: { podCIDR: "10.1.0.0/24", podCIDRs: ["10.1.0.0/24", "fd00::/64"] } },
    ["10.1.0.0/24", "fd00::/64"],
  ],
  [
    {
      metadata,
      status: {
        addresses: [
          { type: "Hostname", address: "node-1" },
          { type: "ExternalIP", address: "203.0.113.7" },
          { type: "InternalIP", address: "2001:db8::7" },
        ],
      },
    },
    ["203.0.113.7/32", "2001:db8::7/128"],
  ],
])("a node tells its own ranges: %#", (node, ranges) => {
  expect(rangesOfNode(node)).toEqual(ranges);
});

test("the servers behind a Service have addresses and ports", () => {
  expect(rangesOfSlice(slice)).toEqual(["192.0.2.1/32", "2001:db8::1/128"]);
  expect(listenersOfSlice(slice)).toEqual(["192.0.2.1:6443", "[2001:db8::1]:6443"]);
  expect(rangesOfSlice({ ...slice, endpoints: [{ addresses: ["api.example.com"] }] })).toEqual([]);
});

describe("the ranges of Services", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const absent = new ApiError("GET /", 404, { reason: "NotFound" });
  const forbidden = new ApiError("GET /", 403, { reason: "Forbidden" });
  const failing = new ApiError("GET /", 500, {});
  const told = ["34.118.224.0/20", "fd00::/108"];

  /** A cluster that answers with these errors first. */
  function failingWith(errors: Error[]): MemoryKube {
    const kube = new MemoryKube();
    kube.put(SERVICE_CIDR, { metadata: { name: "kubernetes" }, spec: { cidrs: told } });
    kube.onCall = () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
    };
    return kube;
  }

  test.each<[what: string, errors: Error[], isTold: boolean]>([
    ["are what the API server tells", [], true],
    ["are none that are known where Kubernetes has no such thing", [failing, absent], false],
    ["are asked for until they are known", Array.from({ length: 30 }, () => failing), true],
    ["are asked for until the operator may know them", [forbidden, forbidden], true],
  ])("%s", async (_what, errors, isTold) => {
    const asking = hasServiceRanges(failingWith(errors), silentLog, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(await asking).toBe(isTold);
  });

  test("are closed as they are now", async () => {
    const kube = failingWith([]);
    const world = worldOf(kube, silentLog, { release: "sandkeep-system", tellsServices: true });
    const stopping = new AbortController();
    const running = Object.values(world).map((reflector) => reflector.run(stopping.signal));
    await vi.advanceTimersByTimeAsync(1000);
    const facts = clusterFacts(world, { minor: 36, apiServerAudiences: undefined, clusterCidrs: ["34.0.0.0/24"] });
    expect(facts().closed).toEqual(expect.arrayContaining(["34.118.224.0/20", "34.0.0.0/24"]));
    const [stored] = world.services?.store.values() ?? [];
    const metadata = { name: "kubernetes", ...stored?.metadata, resourceVersion: "1000" };
    world.services?.learn({ metadata, spec: { cidrs: [...told, "34.120.0.0/20"] } });
    expect(facts().closed).toContain("34.120.0.0/20");
    stopping.abort();
    await vi.advanceTimersByTimeAsync(1000);
    await Promise.allSettled(running);
  });
});

describe("by which addresses enforcement is told", () => {
  const facts = { apiServers: ["10.0.0.1:6443", "[fd00::1]:6443"] };
  test.each<[opens: string[], addresses: string[]]>([
    [[], facts.apiServers],
    [["10.0.0.0/8"], ["[fd00::1]:6443"]],
    [["10.0.0.0/8", "fd00::/8"], []],
  ])("of a class that opens %j it is %j", (allowedPrivateCidrs, addresses) => {
    const sandboxClass = aClass({ network: { waitForEnforcement: true, allowedPrivateCidrs } });
    expect(deniedAddresses(facts, sandboxClass.spec)).toEqual(addresses);
    const objection = enforcementObjection(facts, sandboxClass);
    if (addresses.length === 0) expect(objection).toContain("10.0.0.1:6443");
    else expect(objection).toBeUndefined();
  });

  test("a class that does not wait needs none", () => {
    expect(enforcementObjection({ apiServers: [] }, aClass())).toBeUndefined();
  });
});

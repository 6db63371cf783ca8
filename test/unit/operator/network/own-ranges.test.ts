import { describe, expect, test } from "vitest";
import { ApiError } from "../../../../src/kube/api-error.ts";
import type { EndpointSlice, Node } from "../../../../src/kube/objects.ts";
import { listenersOfSlice, rangesOfNode, rangesOfSlice, serviceRanges } from "../../../../src/kube/own-ranges.ts";
import { deniedAddresses, enforcementObjection } from "../../../../src/operator/network/enforcement.ts";
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

test("a cluster that does not tell its ranges of Services has none that are known", async () => {
  const never = new AbortController().signal;
  const kube = { list: () => Promise.reject(new ApiError("GET /", 404, { reason: "NotFound" })) };
  expect(await serviceRanges(kube, silentLog, never)).toEqual([]);
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

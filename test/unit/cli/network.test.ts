import { describe, expect, test } from "vitest";
import { changeFor, networkLines } from "../../../src/cli/commands/network.ts";
import { Failure } from "../../../src/cli/errors.ts";
import type { NetworkInfo, NetworkPolicyParams } from "../../../src/sdk/sandbox/network.ts";

describe("what options of network ask for", () => {
  test.each<[options: Parameters<typeof changeFor>[0], change: NetworkPolicyParams | undefined]>([
    [{}, undefined],
    [{ allowCidr: ["a"] }, { outboundCidrAllowlist: ["a"], outboundDomainAllowlist: [] }],
    [
      { allowCidr: ["a"], allowDomain: ["b", "c"] },
      { outboundCidrAllowlist: ["a"], outboundDomainAllowlist: ["b", "c"] },
    ],
    [{ allowNothing: true }, { outboundCidrAllowlist: [], outboundDomainAllowlist: [] }],
    [{ block: true }, { blockNetwork: true }],
    [{ open: true }, { blockNetwork: false }],
  ])("%j", (options, change) => {
    expect(changeFor(options)).toEqual(change);
  });

  test.each<[Parameters<typeof changeFor>[0]]>([
    [{ block: true, open: true }],
    [{ block: true, allowCidr: ["a"] }],
    [{ allowNothing: true, allowDomain: ["a"] }],
  ])("%j is refused", (options) => {
    expect(() => changeFor(options)).toThrow(Failure);
  });
});

test.each<[info: NetworkInfo, outbound: string, inbound: string]>([
  [{ blockNetwork: false }, "the public internet", "by tunnels"],
  [{ blockNetwork: true }, "blocked", "blocked"],
  [{ blockNetwork: false, outboundCidrAllowlist: [], outboundDomainAllowlist: [] }, "nothing", "by tunnels"],
  [
    { blockNetwork: false, outboundCidrAllowlist: ["1.0.0.0/8"], outboundDomainAllowlist: ["example.com"] },
    "1.0.0.0/8, example.com",
    "by tunnels",
  ],
  [{ blockNetwork: false, inboundCidrAllowlist: [] }, "the public internet", "nobody"],
  [{ blockNetwork: false, inboundCidrAllowlist: ["1.0.0.0/8"] }, "the public internet", "1.0.0.0/8"],
])("%j is shown", (info, outbound, inbound) => {
  expect(networkLines(info)).toEqual([
    ["Outbound:", outbound],
    ["Inbound:", inbound],
  ]);
});

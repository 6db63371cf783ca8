import { describe, expect, test } from "vitest";
import type { Network } from "../../../src/api/schema/network.ts";
import { accessOf, allowsName } from "../../../src/egress/rule/access.ts";
import { domainList } from "../../../src/egress/rule/domains.ts";
import { hostName } from "../../../src/egress/rule/host-name.ts";

test.each([
  ["example.com", "example.com"],
  ["EXAMPLE.Com.", "example.com"],
  ["_dmarc.example.com", "_dmarc.example.com"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["localhost", "localhost"],
  ["", undefined],
  [".", undefined],
  ["a..b", undefined],
  [".example.com", undefined],
  ["-a.example.com", undefined],
  ["a_-.example.com", undefined],
  ["bücher.example", undefined],
  ["example.com\0.evil.example", undefined],
  ["exam ple.com", undefined],
  ["1.1.1.1", undefined],
  ["2130706433", undefined],
  ["0x7f.1", undefined],
  ["127.0.0.0x1", undefined],
  ["[::1]", undefined],
  [`${"a".repeat(64)}.com`, undefined],
  [`${"a.".repeat(126)}com`, undefined],
])("hostName(%j) is %j", (text, name) => {
  expect(hostName(text)).toBe(name);
});

describe("a list of domains", () => {
  const list = domainList(["Example.com", "*.Example.org", "*.a.b.example.net"]);
  test.each([
    ["example.com", true],
    ["www.example.com", false],
    ["notexample.com", false],
    ["example.org", false],
    ["www.example.org", true],
    ["a.very.deep.example.org", true],
    ["notexample.org", false],
    ["example.org.evil.com", false],
    ["x.a.b.example.net", true],
    ["a.b.example.net", false],
    ["b.example.net", false],
    ["com", false],
  ])("has %s: %s", (name, expected) => {
    expect(list.has(name)).toBe(expected);
  });
});

test.each<[Network | undefined, string, boolean]>([
  [undefined, "direct", false],
  [{}, "direct", false],
  [{ block: true }, "none", false],
  [{ inbound: { cidrs: [] } }, "direct", false],
  [{ outbound: {} }, "none", false],
  [{ outbound: { cidrs: [] } }, "none", false],
  [{ outbound: { cidrs: ["203.0.113.0/24"] } }, "direct", false],
  [{ outbound: { domains: [] } }, "none", false],
  [{ outbound: { domains: ["example.com"] } }, "proxied", true],
  [{ outbound: { domains: ["*.example.com"] } }, "proxied", false],
  [{ outbound: { domains: ["example.com"], cidrs: ["203.0.113.0/24"] } }, "proxied", true],
  [{ proxyName: "static" }, "proxied", true],
  [{ proxyName: "static", outbound: {} }, "proxied", false],
  [{ proxyName: "static", outbound: { domains: ["example.org"] } }, "proxied", false],
  [{ proxyName: "static", outbound: { domains: ["example.com"] } }, "proxied", true],
])("with network %j names are reached %s, and example.com: %s", (network, kind, allowed) => {
  const access = accessOf(network);
  expect(access.kind).toBe(kind);
  expect(allowsName(access, "example.com")).toBe(allowed);
});

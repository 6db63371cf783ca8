import ipaddr from "ipaddr.js";
import { describe, expect, test, vi } from "vitest";
import type { Network } from "../../../../src/api/schema/network.ts";
import {
  allowPolicyFor,
  type ClusterNetwork,
  denyAllPolicyFor,
  networkLabel,
} from "../../../../src/operator/network/policy.ts";
import { closedRanges } from "../../../../src/operator/network/reach.ts";
import { type NetworkRule, networkRule } from "../../../../src/operator/network/rule.ts";
import { allows } from "./allows.ts";

const closed = closedRanges(["34.118.224.0/20", "2600:1f00::/32", "8.8.8.8/32"]);
const cluster: ClusterNetwork = { closed, dnsCidrs: [], namespace: "system" };
const opened = ["10.1.0.0/16", "fd00:1::/32"];
const terms = { allowedPrivateCidrs: opened, domains: false };
const rules = {
  public: networkRule(),
  opened: networkRule({}, terms),
  listed: networkRule({ outbound: { cidrs: ["8.8.8.0/24", "10.0.0.0/8", "169.254.169.254/32", "2600::/12"] } }),
  "listed and opened": networkRule({ outbound: { cidrs: ["10.1.2.0/24", "fd00::/8", "192.168.0.0/16"] } }, terms),
  anything: networkRule({ outbound: { cidrs: ["0.0.0.0/0", "::/0"] } }),
} satisfies Record<string, NetworkRule>;

type RuleName = keyof typeof rules;

/** By which rules an address is reached. */
const rows: [address: string, by: RuleName[]][] = [
  ["1.1.1.1", ["public", "opened", "anything"]],
  ["172.32.0.1", ["public", "opened", "anything"]],
  ["8.8.8.9", ["public", "opened", "listed", "anything"]],
  ["8.8.8.8", []],
  ["2606:4700::1111", ["public", "opened", "listed", "anything"]],
  ["2600:1f00::1", []],
  ["10.1.2.3", ["opened", "listed and opened"]],
  ["10.1.3.3", ["opened"]],
  ["10.2.0.1", []],
  ["172.16.0.1", []],
  ["192.168.1.1", []],
  ["169.254.169.254", []],
  ["100.100.100.200", []],
  ["168.63.129.16", []],
  ["127.0.0.1", []],
  ["224.0.0.1", []],
  ["255.255.255.255", []],
  ["34.118.225.1", []],
  ["::1", []],
  ["fd00:1::5", ["opened", "listed and opened"]],
  ["fd00:ec2::254", []],
  ["fe80::1", []],
  ["ff02::1", []],
  ["64:ff9b::a9fe:a9fe", []],
  ["2002:a9fe:a9fe::1", []],
  ["3fff::1", []],
  ["::ffff:169.254.169.254", []],
];

describe("the allow policy", () => {
  test("costs no reading of all that is closed for each sandbox", () => {
    allowPolicyFor("n", rules.public, cluster);
    const read = vi.spyOn(ipaddr, "parseCIDR");
    allowPolicyFor("n", rules.public, cluster);
    expect(read.mock.calls.length).toBeLessThan(closed.length);
    read.mockRestore();
  });

  test.each(rows)("%s is reached by %j", (address, by) => {
    const reached = Object.entries(rules).filter(([, rule]) => allows(allowPolicyFor("n", rule, cluster), address));
    expect(reached.map(([name]) => name)).toEqual(by);
  });

  test.each(Object.entries(rules))("%s: what is excepted lies inside, as the API server wants it", (_name, rule) => {
    const blocks = (allowPolicyFor("n", rule, cluster)?.spec?.egress ?? [])
      .flatMap(({ to = [] }) => to)
      .flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock]));
    for (const { cidr, except = [] } of blocks) {
      const bits = Number(cidr.split("/")[1]);
      expect(
        except.every((range) => Number(range.split("/")[1]) > bits && range.includes(":") === cidr.includes(":")),
      ).toBe(true);
    }
  });

  test("DNS goes to the cluster's resolver and to what the administrator names, on port 53 only", () => {
    const policy = allowPolicyFor("n", rules.public, { ...cluster, dnsCidrs: ["169.254.20.10/32"] });
    const dns = policy?.spec?.egress?.find(({ ports }) => ports !== undefined);
    expect(dns?.ports).toEqual([
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
    ]);
    expect(dns?.to).toHaveLength(2);
  });

  test.each([{ outbound: {} }, { outbound: { cidrs: [] } }])("with %j nothing is reached, not even DNS", (network) => {
    const { spec } = allowPolicyFor("n", networkRule(network), cluster) ?? {};
    expect(spec).toMatchObject({ policyTypes: ["Ingress", "Egress"] });
    expect(spec).not.toHaveProperty("egress");
  });

  test("nobody but gateway and operator reaches the sandbox, by TCP", () => {
    expect(allowPolicyFor("n", rules.listed, cluster)?.spec?.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "system" } },
            podSelector: {
              matchLabels: { "app.kubernetes.io/name": "sandkeep", "app.kubernetes.io/component": "gateway" },
            },
          },
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "system" } },
            podSelector: {
              matchLabels: { "app.kubernetes.io/name": "sandkeep", "app.kubernetes.io/component": "operator" },
            },
          },
        ],
        ports: [{ protocol: "TCP" }],
      },
    ]);
  });

  test("there is none for a blocked sandbox", () => {
    expect(allowPolicyFor("n", networkRule({ block: true }), cluster)).toBeUndefined();
  });
});

describe("equal rules are one policy", () => {
  const asked = networkRule({ outbound: { cidrs: ["1.0.0.0/8", "2.0.0.0/8"] } }, terms);
  test.each([
    [
      "in another order",
      networkRule(
        { outbound: { cidrs: ["2.0.0.0/8", "1.0.0.0/8"] } },
        { ...terms, allowedPrivateCidrs: opened.toReversed() },
      ),
      true,
    ],
    ["written otherwise", networkRule({ outbound: { cidrs: ["1.2.3.4/8", "2.0.0.0/8"] } }, terms), true],
    ["told twice", networkRule({ outbound: { cidrs: ["1.0.0.0/8", "1.1.0.0/16", "2.0.0.0/8"] } }, terms), true],
    ["with a range more", networkRule({ outbound: { cidrs: ["1.0.0.0/8", "2.0.0.0/8", "3.0.0.0/8"] } }, terms), false],
    ["of another class", networkRule({ outbound: { cidrs: ["1.0.0.0/8", "2.0.0.0/8"] } }), false],
    ["blocked", networkRule({ block: true }), false],
  ])("%s", (_what, rule, same) => {
    expect(networkLabel(rule) === networkLabel(asked)).toBe(same);
  });

  test("no two rules come to share one, also where a tenant looks for such: it takes 2^64 tries", () => {
    expect(networkLabel(asked)).toMatch(/^[0-9a-f]{32}$/);
  });

  test("asking for everything is asking for nothing in particular", () => {
    expect(networkLabel(rules.anything)).toBe(networkLabel(rules.public));
  });
});

describe("the egress part", () => {
  const terms = { allowedPrivateCidrs: [], domains: true };
  const ports = [53, 80, 443].map((port) => ({ port, protocol: "TCP" }));
  const egress = { nameservers: ["10.96.0.53"], ports: [{ port: 53, protocol: "UDP" }, ...ports] };
  const domains = ["example.com"];
  const all = "UDP 53, TCP 53, TCP 80, TCP 443";
  test.each<[Network, string | undefined, string | undefined]>([
    [{}, "1.1.1.1", "UDP 53, TCP 53"],
    [{ outbound: { cidrs: ["1.0.0.0/8"] } }, "1.1.1.1", "UDP 53, TCP 53"],
    [{ outbound: {} }, undefined, undefined],
    [{ outbound: { domains: [] } }, undefined, undefined],
    [{ outbound: { domains } }, undefined, all],
    [{ outbound: { domains, cidrs: ["1.0.0.0/8"] } }, "1.1.1.1", all],
    [{ proxyName: "p" }, undefined, all],
    [{ proxyName: "p", outbound: { domains, cidrs: ["1.0.0.0/8"] } }, undefined, all],
  ])("with %j 1.1.1.1 is reached: %s, and the egress part: %s", (network, address, reached) => {
    const policy = allowPolicyFor("n", networkRule(network, terms), { ...cluster, egress });
    expect(allows(policy, "1.1.1.1") ? "1.1.1.1" : undefined).toBe(address);
    const rules = (policy?.spec?.egress ?? []).filter(({ ports }) => ports !== undefined);
    expect(rules.map(({ ports }) => ports?.map(({ protocol, port }) => `${protocol} ${port}`).join(", "))).toEqual(
      reached === undefined ? [] : [reached],
    );
    for (const { to } of rules)
      expect(to).toEqual([
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "system" } },
          podSelector: {
            matchLabels: { "app.kubernetes.io/name": "sandkeep", "app.kubernetes.io/component": "egress" },
          },
        },
      ]);
  });

  test("is not reached where it is not installed, and names are not where a sandbox has not resolved through it", () => {
    const { spec } = allowPolicyFor("n", networkRule({ outbound: { domains } }, terms), cluster) ?? {};
    expect(spec?.egress).toBeUndefined();
    const elsewhere = networkRule({ outbound: { domains } }, { ...terms, domains: false });
    expect(allowPolicyFor("n", elsewhere, { ...cluster, egress })?.spec?.egress).toBeUndefined();
  });
});

test("the deny policy is for all sandboxes and both directions", () => {
  expect(denyAllPolicyFor("n").spec).toEqual({
    podSelector: { matchExpressions: [{ key: "sandkeep.dev/sandbox", operator: "Exists" }] },
    policyTypes: ["Ingress", "Egress"],
  });
});

import { BlockList, isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import type { NetworkPolicy } from "../../../../src/kube/objects.ts";
import {
  allowPolicyFor,
  type ClusterNetwork,
  denyAllPolicyFor,
  networkLabel,
  type NetworkRule,
} from "../../../../src/operator/sandbox/network-policy.ts";

const cluster: ClusterNetwork = { clusterCidrs: ["34.118.224.0/20", "2600:1f00::/32"], dnsCidrs: [] };
const open: NetworkRule = { kind: "public", allowedPrivateCidrs: [] };
const loosened: NetworkRule = { kind: "public", allowedPrivateCidrs: ["10.1.0.0/16", "fd00:1::/32"] };

const rows = [
  { address: "1.1.1.1", open: true },
  { address: "172.32.0.1", open: true },
  { address: "2606:4700::1111", open: true },
  { address: "10.1.2.3", open: false, loosened: true },
  { address: "10.2.0.1", open: false },
  { address: "172.16.0.1", open: false },
  { address: "192.168.1.1", open: false },
  { address: "169.254.169.254", open: false },
  { address: "100.100.100.200", open: false },
  { address: "127.0.0.1", open: false },
  { address: "224.0.0.1", open: false },
  { address: "255.255.255.255", open: false },
  { address: "34.118.225.1", open: false },
  { address: "2600:1f00::1", open: false },
  { address: "::1", open: false },
  { address: "fd00:1::5", open: false, loosened: true },
  { address: "fd00:ec2::254", open: false },
  { address: "fe80::1", open: false },
  { address: "ff02::1", open: false },
  { address: "64:ff9b::a9fe:a9fe", open: false },
  { address: "2002:a9fe:a9fe::1", open: false },
  { address: "::ffff:169.254.169.254", open: false },
];

describe("the allow policy", () => {
  test.each(rows)("$address is reachable: $open, loosened by the class: $loosened", (row) => {
    expect(allows(allowPolicyFor("n", open, cluster), row.address)).toBe(row.open);
    expect(allows(allowPolicyFor("n", loosened, cluster), row.address)).toBe(row.loosened ?? row.open);
  });

  test("DNS goes to the cluster's resolver and to what the administrator names, on port 53 only", () => {
    const policy = allowPolicyFor("n", open, { ...cluster, dnsCidrs: ["169.254.20.10/32"] });
    const dns = policy?.spec?.egress?.find(({ ports }) => ports !== undefined);
    expect(dns?.ports).toEqual([
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
    ]);
    expect(dns?.to).toHaveLength(2);
  });

  test("one rule is one policy: the label does not depend on the order of ranges", () => {
    const turned: NetworkRule = { kind: "public", allowedPrivateCidrs: ["fd00:1::/32", "10.1.0.0/16"] };
    expect(networkLabel(turned, cluster)).toBe(networkLabel(loosened, cluster));
    expect(networkLabel(open, cluster)).not.toBe(networkLabel(loosened, cluster));
  });

  test("there is none for a blocked sandbox", () => {
    expect(allowPolicyFor("n", { kind: "blocked" }, cluster)).toBeUndefined();
  });
});

test("the deny policy is for all sandboxes and both directions", () => {
  expect(denyAllPolicyFor("n").spec).toEqual({
    podSelector: { matchExpressions: [{ key: "sandkeep.dev/sandbox", operator: "Exists" }] },
    policyTypes: ["Ingress", "Egress"],
  });
});

/** Whether a packet to that address passes, on any port, as the NetworkPolicy API defines it. */
function allows(policy: NetworkPolicy | undefined, address: string): boolean {
  const peers = (policy?.spec?.egress ?? []).filter(({ ports }) => ports === undefined).flatMap(({ to = [] }) => to);
  return peers.some(({ ipBlock }) => {
    if (ipBlock === undefined) return false;
    return contains(ipBlock.cidr, address) && !(ipBlock.except ?? []).some((cidr) => contains(cidr, address));
  });
}

function contains(cidr: string, address: string): boolean {
  const [network = "", bits] = cidr.split("/");
  if (isIPv6(network) !== isIPv6(address)) return false;
  const list = new BlockList();
  const family = isIPv6(network) ? "ipv6" : "ipv4";
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}

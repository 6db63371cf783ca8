import { FIELD_MANAGER, LABELS } from "../../api/constants.ts";
import type { NetworkPolicy } from "../../kube/objects.ts";
import { shortHash } from "../names.ts";

/** What a sandbox may reach. Sandboxes with equal rules share one policy per namespace. */
export type NetworkRule =
  | { kind: "blocked" }
  /** The public internet, DNS, and the private ranges that the class allows. */
  | { kind: "public"; allowedPrivateCidrs: string[] };

/** What the administrator says about the cluster's own network. */
export interface ClusterNetwork {
  /** Pod, Service and node ranges that are not private by themselves; sandboxes never reach them. */
  clusterCidrs: string[];
  /** Addresses of resolvers that are not Pods, such as NodeLocal DNSCache. */
  dnsCidrs: string[];
}

type EgressRule = NonNullable<NonNullable<NetworkPolicy["spec"]>["egress"]>[number];

const denyAllName = "sandkeep-deny-all";

/** IPv4 that is not the public internet: private, shared (CGNAT), link-local (metadata), loopback, test, multicast, reserved. */
const notPublicV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** All of public IPv6; what lies outside is loopback, unique local, link-local, multicast or a translation prefix. */
const publicV6 = "2000::/3";

/** Parts of `publicV6` that lead elsewhere: Teredo, documentation, 6to4. */
const notPublicV6 = ["2001::/32", "2001:db8::/32", "2002::/16"];

/** Denies all sandboxes of the namespace everything, in both directions; `allowPolicyFor` adds to it. */
export function denyAllPolicyFor(namespace: string): NetworkPolicy {
  return policy(namespace, denyAllName, {
    podSelector: { matchExpressions: [{ key: LABELS.sandbox, operator: "Exists" }] },
    policyTypes: ["Ingress", "Egress"],
  });
}

/** The policy shared by all sandboxes of the namespace under this rule; `undefined` when the rule allows nothing. */
export function allowPolicyFor(
  namespace: string,
  rule: NetworkRule,
  cluster: ClusterNetwork,
): NetworkPolicy | undefined {
  if (rule.kind === "blocked") return undefined;
  const label = networkLabel(rule, cluster);
  return policy(namespace, `sandkeep-allow-${label}`, {
    podSelector: { matchLabels: { [LABELS.network]: label } },
    policyTypes: ["Egress"],
    egress: egressFor(rule, cluster),
  });
}

/** The value of the Pod label that puts a sandbox under the policy of its rule. */
export function networkLabel(rule: NetworkRule, cluster: ClusterNetwork): string {
  return rule.kind === "blocked" ? "blocked" : shortHash(JSON.stringify(egressFor(rule, cluster)));
}

function egressFor(
  { allowedPrivateCidrs }: Extract<NetworkRule, { kind: "public" }>,
  cluster: ClusterNetwork,
): EgressRule[] {
  const internet: EgressRule = {
    to: [
      {
        ipBlock: { cidr: "0.0.0.0/0", except: [...notPublicV4, ...cluster.clusterCidrs.filter((cidr) => !isV6(cidr))] },
      },
      { ipBlock: { cidr: publicV6, except: [...notPublicV6, ...cluster.clusterCidrs.filter(isPublicV6)] } },
    ],
  };
  const dns: EgressRule = {
    to: [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
      },
      ...cluster.dnsCidrs.map((cidr) => ({ ipBlock: { cidr } })),
    ],
    ports: [
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
    ],
  };
  const allowed: EgressRule[] =
    allowedPrivateCidrs.length === 0
      ? []
      : [{ to: [...allowedPrivateCidrs].sort().map((cidr) => ({ ipBlock: { cidr } })) }];
  return [internet, dns, ...allowed];
}

function isV6(cidr: string): boolean {
  return cidr.includes(":");
}

/** The API server refuses an `except` outside its `cidr`. */
function isPublicV6(cidr: string): boolean {
  return /^[23][0-9a-f]{3}:/i.test(cidr);
}

function policy(namespace: string, name: string, spec: NonNullable<NetworkPolicy["spec"]>): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, labels: { [LABELS.managedBy]: FIELD_MANAGER } },
    spec,
  };
}

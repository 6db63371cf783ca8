import { FIELD_MANAGER, LABELS } from "../../api/constants.ts";
import type { NetworkPolicy } from "../../kube/objects.ts";
import { notPublicV4, notPublicV6, publicV6 } from "../../lib/public-addresses.ts";
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

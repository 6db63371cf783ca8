import { FIELD_MANAGER, LABELS } from "../../api/constants.ts";
import type { NetworkPolicy, Pod } from "../../kube/objects.ts";
import { keyOf } from "../../runtime/key.ts";
import type { ClusterFacts } from "../facts.ts";
import { longHash } from "../names.ts";
import type { Egress } from "./egress.ts";
import { reachable } from "./reach.ts";
import type { Entry } from "../tunnels/ingress/rule.ts";
import type { AllowRule, NetworkRule } from "./rule.ts";
import type { NetworkSettings } from "./settings.ts";

/** What policies need to know of the cluster. */
export interface ClusterNetwork extends Pick<NetworkSettings, "dnsCidrs" | "namespace"> {
  /** All that sandboxes cannot reach unless their class opens it. */
  closed: readonly string[];
  egress?: Egress;
}

/** What is said and what is learnt of the cluster. */
export function clusterNetwork(
  settings: NetworkSettings,
  { closed, egress }: Pick<ClusterFacts, "closed" | "egress">,
): ClusterNetwork {
  return { ...settings, closed, ...(egress && { egress }) };
}

type PolicySpec = NonNullable<NetworkPolicy["spec"]>;
type EgressRule = NonNullable<PolicySpec["egress"]>[number];
type IngressRule = NonNullable<PolicySpec["ingress"]>[number];

const denyAllName = "sandkeep-deny-all";
const allowPrefix = "sandkeep-allow-";

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
  const label = networkLabel(rule);
  return policy(namespace, allowPolicyName(label), {
    podSelector: { matchLabels: { [LABELS.network]: label } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [fromRelease(cluster), ...(rule.entries ?? []).map(ingressFor)],
    ...egressMember(egressFor(rule, cluster)),
  });
}

/**
 * The value of the Pod label that puts a sandbox under the policy of its rule. It stands for the rule alone: what is learnt of
 * the cluster changes policies, and no Pods.
 */
export function networkLabel(rule: NetworkRule): string {
  return rule.kind === "blocked" ? "blocked" : longHash(JSON.stringify(rule));
}

/** The keys of the policies that a Pod is under. */
export function policyKeysOf({ metadata }: Pod): string[] {
  const { namespace = "", labels = {} } = metadata;
  const label = labels[LABELS.network];
  return [
    ...(labels[LABELS.sandbox] === undefined ? [] : [keyOf({ namespace, name: denyAllName })]),
    ...(label === undefined ? [] : [keyOf({ namespace, name: allowPolicyName(label) })]),
  ];
}

/** Whether a policy of that key is the one that denies everything. */
export function isDenyAll(key: string): boolean {
  return key.endsWith(`/${denyAllName}`);
}

/** Whether a policy of that key is one that is made here. */
export function isOurs(key: string): boolean {
  return isDenyAll(key) || key.includes(`/${allowPrefix}`);
}

function allowPolicyName(label: string): string {
  return `${allowPrefix}${label}`;
}

/** The API server stores no empty list. */
function egressMember(egress: EgressRule[]): Pick<PolicySpec, "egress"> {
  return egress.length === 0 ? {} : { egress };
}

/**
 * The gateway passes on connections to published ports; which these are is its own affair. The operator looks whether a Pod
 * can be reached before it tells where.
 */
function fromRelease({ namespace }: ClusterNetwork): IngressRule {
  return { from: [podsOf(namespace, "gateway"), podsOf(namespace, "operator")], ports: [{ protocol: "TCP" }] };
}

/** What is empty is stored as empty, not as a selector of no labels. */
function ingressFor({ ports, from }: Entry): IngressRule {
  return {
    from: from.map(({ pods, cidr }) =>
      cidr === undefined
        ? {
            namespaceSelector: selecting(pods?.namespaceLabels),
            ...(pods?.podLabels && { podSelector: selecting(pods.podLabels) }),
          }
        : { ipBlock: { cidr } },
    ),
    ports: ports.map((port) => ({ port, protocol: "TCP" })),
  };
}

function selecting(labels: Record<string, string> = {}): { matchLabels?: Record<string, string> } {
  return Object.keys(labels).length === 0 ? {} : { matchLabels: labels };
}

function egressFor({ cidrs, allowedPrivateCidrs, egress }: AllowRule, cluster: ClusterNetwork): EgressRule[] {
  if (cidrs.length === 0 && egress !== "Proxy") return [];
  const blocks = reachable(cidrs, cluster.closed, allowedPrivateCidrs);
  const to = blocks.map((ipBlock) => ({ ipBlock }));
  const names = egress === undefined ? [toResolvers(cluster)] : toEgress(egress, cluster);
  return [...(to.length === 0 ? [] : [{ to }]), ...names];
}

/** A rule without ports would be one for all. */
function toEgress(use: "Resolve" | "Proxy", { namespace, egress }: ClusterNetwork): EgressRule[] {
  const ports = (egress?.ports ?? []).filter(({ port }) => use === "Proxy" || port === 53);
  if (ports.length === 0) return [];
  return [{ to: [podsOf(namespace, "egress")], ports: ports.map(({ port, protocol }) => ({ port, protocol })) }];
}

function toResolvers({ dnsCidrs }: ClusterNetwork): EgressRule {
  return {
    to: [
      {
        namespaceSelector: inNamespace("kube-system"),
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
      },
      ...dnsCidrs.map((cidr) => ({ ipBlock: { cidr } })),
    ],
    ports: [
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
    ],
  };
}

/** The Pods of one component of the release in a namespace. */
function podsOf(namespace: string, component: string): NonNullable<IngressRule["from"]>[number] {
  return {
    namespaceSelector: inNamespace(namespace),
    podSelector: { matchLabels: { "app.kubernetes.io/name": "sandkeep", "app.kubernetes.io/component": component } },
  };
}

function inNamespace(name: string): { matchLabels: Record<string, string> } {
  return { matchLabels: { "kubernetes.io/metadata.name": name } };
}

function policy(namespace: string, name: string, spec: PolicySpec): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, labels: { [LABELS.managedBy]: FIELD_MANAGER } },
    spec,
  };
}

import { memberNamed } from "../../api/class/gpus.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";
import { quantityValue } from "../../api/schema/quantity.ts";
import type { PodSpec } from "../../kube/objects.ts";
import type { NodeFacts } from "../facts.ts";
import { type GpuPool, gpuPoolFor } from "./gpu-pool.ts";
import { exclusiveSelectorTermsOf, fulfils, inAll, type NodeTerm, selectorTermsOf, within } from "./node-terms.ts";

/** Where a Pod may run, and the GPUs that it asks for there. */
export interface Placement {
  gpus: GpuPool | undefined;
  pod: Pick<PodSpec, "nodeSelector" | "tolerations" | "affinity">;
}

/** The label that every cloud gives its nodes. */
const region = "topology.kubernetes.io/region";

/** What the sandbox asks for, within what its class allows; `nodes` decide between GPUs that one Pod cannot choose from. */
export function placementFor(spec: SandboxSpec, sandboxClass: SandboxClassSpec, nodes: NodeFacts[]): Placement {
  const { placement = {} } = spec;
  const where = selectorTermsOfPlace(placement, sandboxClass);
  // The class's labels win: what administrators reserve, tenants cannot leave.
  const nodeSelector = { ...placement.nodeSelector, ...sandboxClass.nodeSelector };
  const isEligible = ({ labels }: NodeFacts): boolean =>
    fulfils(labels, inEvery(nodeSelector)) && where.some((term) => fulfils(labels, term));
  const gpus = gpuPoolFor(spec, sandboxClass, (pool) => nodes.some((node) => offers(node, pool) && isEligible(node)));
  const tolerations = [
    ...(placement.tolerations ?? []),
    ...(sandboxClass.tolerations ?? []),
    ...(gpus?.choices ?? []).flatMap(({ kind }) => kind.tolerations ?? []),
  ];
  return {
    gpus,
    pod: {
      ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
      ...(tolerations.length === 0 ? {} : { tolerations: unique(tolerations) }),
      ...affinityFor(gpus, where),
    },
  };
}

function selectorTermsOfPlace(
  { cloud, regions }: NonNullable<SandboxSpec["placement"]>,
  { clouds = {} }: SandboxClassSpec,
): NodeTerm[] {
  const set = cloud === undefined ? undefined : memberNamed(clouds, cloud);
  return inAll(
    set === undefined ? [{}] : selectorTermsOf(set),
    regions === undefined ? [{}] : [{ matchExpressions: [within(region, regions)] }],
  );
}

function affinityFor(gpus: GpuPool | undefined, where: NodeTerm[]): Pick<PodSpec, "affinity"> {
  const choices = gpus?.choices ?? [];
  const required =
    gpus === undefined ? where : inAll(unique(choices.flatMap(({ kind }) => selectorTermsOf(kind))), where);
  const preferred = preferencesAmong(choices);
  // A term without expressions matches no node in Kubernetes; here it says that any will do.
  const isFree = required.some(({ matchExpressions = [] }) => matchExpressions.length === 0);
  if (isFree && preferred.length === 0) return {};
  return {
    affinity: {
      nodeAffinity: {
        ...(isFree ? {} : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: required } }),
        ...(preferred.length === 0 ? {} : { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
      },
    },
  };
}

interface Preference {
  weight: number;
  preference: NodeTerm;
}

/** Each rank weighs twice the next, so that it outweighs what else the scheduler looks at; the last needs none. */
function preferencesAmong(choices: GpuPool["choices"]): Preference[] {
  const ranks = [...new Set(choices.map(({ rank }) => rank))];
  return choices
    .filter(({ rank }) => rank !== ranks.at(-1))
    .flatMap(({ kind, rank }) =>
      exclusiveSelectorTermsOf(kind)
        .filter(({ matchExpressions = [] }) => matchExpressions.length > 0)
        .map((preference) => ({ weight: Math.floor(100 / 2 ** ranks.indexOf(rank)), preference })),
    );
}

/** Whether the node has so many GPUs in all; others may be using them. */
function offers({ labels, allocatable }: NodeFacts, { choices, resourceName, count }: GpuPool): boolean {
  if (quantityValue(allocatable[resourceName] ?? "0") < count) return false;
  return choices.some(({ kind }) => selectorTermsOf(kind).some((term) => fulfils(labels, term)));
}

function inEvery(labels: Record<string, string>): NodeTerm {
  return { matchExpressions: Object.entries(labels).map(([key, value]) => within(key, [value])) };
}

function unique<T>(values: T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

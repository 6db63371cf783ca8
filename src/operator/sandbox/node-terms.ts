import type { NodeSet } from "../../api/schema/placement.ts";
import type { PodSpec } from "../../kube/objects.ts";

type NodeAffinity = NonNullable<NonNullable<PodSpec["affinity"]>["nodeAffinity"]>;

/** Nodes that fulfil all of `matchExpressions`. */
export type NodeTerm = NonNullable<
  NodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"]
>["nodeSelectorTerms"][number];

type Requirement = NonNullable<NodeTerm["matchExpressions"]>[number];

/** The terms of which a node fulfils at least one if it is in the set. */
export function selectorTermsOf({ nodeLabels = {}, anyNodeLabel }: NodeSet): NodeTerm[] {
  const all = Object.entries(nodeLabels).map(([key, value]) => within(key, [value]));
  if (anyNodeLabel === undefined) return [{ matchExpressions: all }];
  return anyNodeLabel.map(({ key, values }) => ({ matchExpressions: [...all, within(key, values)] }));
}

/** The same terms, but a node fulfils one at most, so that it counts once where terms add up. */
export function exclusiveSelectorTermsOf(set: NodeSet): NodeTerm[] {
  const labels = set.anyNodeLabel ?? [];
  return selectorTermsOf(set).map(({ matchExpressions = [] }, index) => ({
    matchExpressions: [...matchExpressions, ...labels.slice(0, index).map(({ key, values }) => without(key, values))],
  }));
}

/** The terms for nodes that are in one set of each kind. */
export function inAll(...sets: NodeTerm[][]): NodeTerm[] {
  return sets.reduce((sofar, terms) => sofar.flatMap((one) => terms.map((other) => both(one, other))), [{}]);
}

/** Whether a node with these labels fulfils the term. */
export function fulfils(labels: Readonly<Record<string, string>>, { matchExpressions = [] }: NodeTerm): boolean {
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === "Exists") return value !== undefined;
    return operator === "In" && value !== undefined && values.includes(value);
  });
}

/** The label with any of the values; without `values`, with any at all. */
export function within(key: string, values: string[] | undefined): Requirement {
  return values === undefined ? { key, operator: "Exists" } : { key, operator: "In", values };
}

function without(key: string, values: string[] | undefined): Requirement {
  return values === undefined ? { key, operator: "DoesNotExist" } : { key, operator: "NotIn", values };
}

function both({ matchExpressions: one = [] }: NodeTerm, { matchExpressions: other = [] }: NodeTerm): NodeTerm {
  return { matchExpressions: [...one, ...other] };
}

import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Sandbox, SandboxSpec } from "../../api/sandbox.ts";
import { literal } from "../../lib/literal.ts";
import type { ClusterFacts, NodeFacts } from "../facts.ts";

/** What is known of an image whose ENTRYPOINT has to be. */
export type ImageLookup =
  | FoundImage
  /** `final`: asking again would not help. `unseen`: pull secrets that are not there, or that the operator may not read. */
  | { kind: ImageFailure; final: boolean; unseen?: { missing: string[]; forbidden: string[] } };

export interface FoundImage {
  kind: "found";
  digest: string;
  entrypoint: string[];
}

export type ImageFailure = "absent" | "refused" | "not-allowed" | "silent" | "unsuitable";

/** An image to look up, and what may open it. */
export interface WantedImage {
  /** Of the sandbox. */
  uid: string;
  namespace: string;
  reference: string;
  /** Names of Secrets in the namespace. */
  pullSecrets: string[];
  /** In order of preference. */
  architectures: string[];
}

/** Whether the image's ENTRYPOINT stands in front of the sandbox's `args`, as in a container that has no `command`. */
export function needsEntrypoint({ command = [], args = [] }: SandboxSpec): boolean {
  return command.length === 0 && args.length > 0;
}

/** What the sandbox's agent runs, as a container's command is written: the image's own words mean what they say. */
export function commandOf({ command = [], args = [] }: SandboxSpec, found: FoundImage | undefined): string[] {
  const entrypoint = found?.entrypoint.map(literal) ?? [];
  return [...(command.length > 0 ? command : entrypoint), ...args];
}

/** The reference by digest: what was looked up is what runs. */
export function pinned(reference: string, { digest }: FoundImage): string {
  const [name = ""] = reference.split("@", 1);
  const tag = name.lastIndexOf(":");
  return `${tag > name.lastIndexOf("/") ? name.slice(0, tag) : name}@${digest}`;
}

/** What to ask for: the image as the nodes run it that the sandbox may be placed on. */
export function wantedImage(
  { metadata, spec }: Sandbox,
  sandboxClass: SandboxClassSpec,
  reference: string,
  { nodes }: ClusterFacts,
): WantedImage {
  const labels = { ...spec.placement?.nodeSelector, ...sandboxClass.nodeSelector };
  const asked = labels["kubernetes.io/arch"];
  const secrets = [...(spec.imagePullSecrets ?? []), ...(sandboxClass.imagePullSecrets ?? [])];
  return {
    uid: metadata.uid ?? "",
    namespace: metadata.namespace ?? "",
    reference,
    pullSecrets: [...new Set(secrets.map(({ name }) => name))],
    architectures: asked === undefined ? architecturesOf(nodes) : [asked],
  };
}

/** What most of the nodes have comes first; both usual ones where there are no nodes yet. */
function architecturesOf(nodes: NodeFacts[]): string[] {
  const counts = new Map<string, number>();
  for (const { labels } of nodes) {
    const architecture = labels["kubernetes.io/arch"];
    if (architecture !== undefined) counts.set(architecture, (counts.get(architecture) ?? 0) + 1);
  }
  const found = [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b)).map(([architecture]) => architecture);
  return found.length > 0 ? found : ["amd64", "arm64"];
}

/** Why the ENTRYPOINT is not known, and what to do. */
export function describeFailure(reference: string, { kind, unseen }: Exclude<ImageLookup, FoundImage>): string {
  const { missing = [], forbidden = [] } = unseen ?? {};
  const instead = "Give spec.command to run it without its ENTRYPOINT being looked up.";
  const needsLogin = `Image ${reference} does not exist or needs another login: check name, tag and imagePullSecrets.`;
  const refused =
    forbidden.length > 0
      ? `The ENTRYPOINT of image ${reference} needs a login, and the operator may not read ${secrets(forbidden)} (operator.pullSecrets in the chart). ${instead}`
      : `${needsLogin}${missing.length > 0 ? ` There is no ${secrets(missing)}.` : ""}`;
  const sentences: Record<ImageFailure, string> = {
    absent: `Image ${reference} does not exist: check name and tag.`,
    refused,
    "not-allowed": `The operator may not ask the registry for the ENTRYPOINT of image ${reference} (registries in the chart). ${instead}`,
    unsuitable: `Image ${reference} is made for none of the nodes, or is no image of OCI or Docker.`,
    silent: `The ENTRYPOINT of image ${reference} is not known: its registry does not answer as one. ${instead}`,
  };
  return sentences[kind];
}

function secrets(names: string[]): string {
  return `Secret ${names.map((name) => `"${name}"`).join(", ")}`;
}

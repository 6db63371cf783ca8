import type { SandboxClass, SandboxClassSpec } from "../sandbox-class.ts";
import type { SandboxSpec } from "../sandbox.ts";
import { domainsObjection } from "./domains.ts";
import { gpuChoices, memberNamed } from "./gpus.ts";
import { inboundProblem } from "./ingress.ts";
import { forbiddenImage, imageOf } from "./images.ts";
import { tunnelProblem } from "./tunnels.ts";
import { excessLifeOf, excessOf } from "./maxima.ts";

/** Why a class does not let a sandbox run; `message` names the limit and what there is instead. */
export interface Objection {
  reason:
    | "ClassLimit"
    | "NoImage"
    | "ImageNotAllowed"
    | "UnknownGpu"
    | "UnknownCloud"
    | "DuplicateResource"
    | "TunnelMode"
    | "DomainsNotAllowed";
  message: string;
}

/** What a class has against a sandbox, looking at nothing but the two; `undefined` when nothing. */
export function objectionTo(spec: SandboxSpec, namedClass: SandboxClass): Objection | undefined {
  const { metadata, spec: sandboxClass } = namedClass;
  const name = named(metadata.name);
  const excess = excessOf(spec, sandboxClass);
  if (excess !== undefined) return limit(excess, name);
  if (imageOf(spec, sandboxClass) === undefined) {
    return { reason: "NoImage", message: `Set spec.image: ${name} has no defaultImage.` };
  }
  const forbidden = forbiddenImage(spec, sandboxClass);
  if (forbidden !== undefined) {
    const { allowedImages = [] } = sandboxClass;
    return {
      reason: "ImageNotAllowed",
      message: `Image ${forbidden} is not among the allowedImages of ${name}: ${allowedImages.join(", ")}`,
    };
  }
  return (
    gpuObjection(spec, sandboxClass, name) ??
    cloudObjection(spec, sandboxClass, name) ??
    tunnelObjection(spec, sandboxClass, name) ??
    domainsObjection(spec, namedClass)
  );
}

/** What a class has against what a sandbox that runs is to reach, and who it. */
export function objectionToNetwork(spec: SandboxSpec, namedClass: SandboxClass): Objection | undefined {
  const { tunnels } = namedClass.spec;
  const problem = tunnels && inboundProblem(spec, tunnels);
  if (problem === undefined) return domainsObjection(spec, namedClass);
  return { reason: "TunnelMode", message: `${problem} (${named(namedClass.metadata.name)}).` };
}

/** What a class has against so long a life of a sandbox that runs, maybe since before the class was changed. */
export function objectionToLife(
  spec: SandboxSpec,
  { metadata, spec: sandboxClass }: SandboxClass,
): Objection | undefined {
  const excess = excessLifeOf(spec, sandboxClass);
  return excess === undefined ? undefined : limit(excess, named(metadata.name));
}

function limit(excess: string, className: string): Objection {
  return { reason: "ClassLimit", message: `${excess}, the maximum of ${className}.` };
}

function named(name: string): string {
  return `SandboxClass "${name}"`;
}

function gpuObjection({ gpu, resources = {} }: SandboxSpec, { gpus = {} }: SandboxClassSpec, className: string) {
  const { choices, unknown } = gpuChoices(gpu, gpus);
  if (unknown[0] !== undefined) {
    const offer = offerOf([...Object.keys(gpus), ...(Object.keys(gpus).length === 0 ? [] : ["any"])], "GPUs");
    return { reason: "UnknownGpu", message: `GPU ${unknown[0]} is unknown to ${className}, which ${offer}.` } as const;
  }
  const twice = choices
    .map(({ kind }) => kind.resourceName)
    .find((name) => resources.limits?.[name] !== undefined || resources.requests?.[name] !== undefined);
  if (twice === undefined) return undefined;
  const message = `spec.gpu and spec.resources both ask for ${twice}: leave it out of spec.resources.`;
  return { reason: "DuplicateResource", message } as const;
}

function cloudObjection({ placement }: SandboxSpec, { clouds = {} }: SandboxClassSpec, className: string) {
  const cloud = placement?.cloud;
  if (cloud === undefined || memberNamed(clouds, cloud) !== undefined) return undefined;
  const offer = offerOf(Object.keys(clouds), "clouds");
  return { reason: "UnknownCloud", message: `Cloud ${cloud} is unknown to ${className}, which ${offer}.` } as const;
}

function tunnelObjection(spec: SandboxSpec, sandboxClass: SandboxClassSpec, className: string) {
  const problem = tunnelProblem(spec, sandboxClass);
  return problem === undefined ? undefined : ({ reason: "TunnelMode", message: `${problem} (${className}).` } as const);
}

function offerOf(names: string[], what: string): string {
  return names.length === 0 ? `has no ${what}` : `has ${names.join(", ")}`;
}

import type { SandboxClassSpec } from "../sandbox-class.ts";
import type { SandboxSpec } from "../sandbox.ts";
import { quantityValue } from "../schema/quantity.ts";
import { gpuChoices } from "./gpus.ts";

/** Amounts by resource name. */
export type Amounts = Record<string, string>;

/** What the sandbox asks for beyond the maxima of its class, in words; `undefined` when nothing. */
export function excessOf(spec: SandboxSpec, sandboxClass: SandboxClassSpec): string | undefined {
  const { maxima = {}, gpus } = sandboxClass;
  const { resources = {}, tunnels = [] } = spec;
  const life = excessLifeOf(spec, sandboxClass);
  if (life !== undefined) return life;
  if (tunnels.length > (maxima.tunnels ?? tunnels.length)) {
    return `spec.tunnels has ${tunnels.length}, which is more than ${maxima.tunnels}`;
  }
  for (const [name, most] of Object.entries(maximaOf(sandboxClass))) {
    for (const member of ["limits", "requests"] as const) {
      const amount = resources[member]?.[name];
      if (amount !== undefined && quantityValue(amount) > quantityValue(most)) {
        return `spec.resources.${member}.${name} ${amount} is more than ${most}`;
      }
    }
    const large = gpuChoices(spec.gpu, gpus).choices.find(
      ({ kind, count }) => kind.resourceName === name && count > quantityValue(most),
    );
    if (large !== undefined) return `spec.gpu ${large.wanted} is more than ${most} ${name}`;
  }
  return undefined;
}

/** Of that, what can change while the sandbox runs: how long it may live. */
export function excessLifeOf({ timeoutSeconds }: SandboxSpec, { maxima = {} }: SandboxClassSpec): string | undefined {
  return timeoutSeconds > (maxima.timeoutSeconds ?? timeoutSeconds)
    ? `spec.timeoutSeconds ${timeoutSeconds} is more than ${maxima.timeoutSeconds}`
    : undefined;
}

/** The largest amounts that a class allows, ephemeral storage among them. */
export function maximaOf({ maxima = {} }: SandboxClassSpec): Amounts {
  return withStorage(maxima.resources, maxima.ephemeralStorage);
}

/** The amounts and that of ephemeral storage, where there is one. */
export function withStorage(amounts: Amounts = {}, ephemeralStorage: string | undefined): Amounts {
  return { ...amounts, ...(ephemeralStorage === undefined ? {} : { "ephemeral-storage": ephemeralStorage }) };
}

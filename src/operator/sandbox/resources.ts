import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";
import { quantityValue } from "../../api/schema/quantity.ts";
import type { Container } from "../../kube/objects.ts";

type Amounts = Record<string, string>;

/** Requests of a sandbox that nobody gave any. */
const smallRequests: Amounts = { cpu: "100m", memory: "128Mi" };

/**
 * The sandbox's own requests and limits, completed by its class so that no request exceeds its limit and nothing with
 * a maximum is without a limit. Where the sandbox sets only a limit, Kubernetes requests as much, as for any container.
 */
export function resourcesFor(
  { resources = {} }: SandboxSpec,
  sandboxClass: SandboxClassSpec,
): NonNullable<Container["resources"]> {
  const { defaults = {} } = sandboxClass;
  const asked = { requests: resources.requests ?? {}, limits: resources.limits ?? {} };
  const byClass = {
    ...maximaOf(sandboxClass),
    ...withStorage(defaults.resources?.limits, defaults.ephemeralStorage),
  };
  const limits = { ...raised(byClass, asked.requests), ...asked.limits };
  const byDefault = Object.entries({ ...smallRequests, ...defaults.resources?.requests });
  const open = Object.fromEntries(byDefault.filter(([name]) => !(name in asked.limits)));
  const requests = { ...lowered(open, limits), ...asked.requests };
  return { requests, ...(Object.keys(limits).length === 0 ? {} : { limits }) };
}

/** What the sandbox asks for beyond the maxima of its class, in words; `undefined` when nothing. */
export function excessOf(
  { resources = {}, timeoutSeconds }: SandboxSpec,
  sandboxClass: SandboxClassSpec,
): string | undefined {
  const longest = sandboxClass.maxima?.timeoutSeconds ?? timeoutSeconds;
  if (timeoutSeconds > longest) return `spec.timeoutSeconds ${timeoutSeconds} is more than ${longest}`;
  for (const [name, most] of Object.entries(maximaOf(sandboxClass))) {
    for (const member of ["limits", "requests"] as const) {
      const amount = resources[member]?.[name];
      if (amount !== undefined && quantityValue(amount) > quantityValue(most)) {
        return `spec.resources.${member}.${name} ${amount} is more than ${most}`;
      }
    }
  }
  return undefined;
}

function maximaOf({ maxima = {} }: SandboxClassSpec): Amounts {
  return withStorage(maxima.resources, maxima.ephemeralStorage);
}

function withStorage(amounts: Amounts = {}, ephemeralStorage: string | undefined): Amounts {
  return { ...amounts, ...(ephemeralStorage === undefined ? {} : { "ephemeral-storage": ephemeralStorage }) };
}

function raised(amounts: Amounts, least: Amounts): Amounts {
  return mapAmounts(amounts, (name, amount) => larger(amount, least[name] ?? amount));
}

function lowered(amounts: Amounts, most: Amounts): Amounts {
  return mapAmounts(amounts, (name, amount) => smaller(amount, most[name] ?? amount));
}

function mapAmounts(amounts: Amounts, change: (name: string, amount: string) => string): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, change(name, amount)]));
}

function larger(a: string, b: string): string {
  return quantityValue(a) >= quantityValue(b) ? a : b;
}

function smaller(a: string, b: string): string {
  return quantityValue(a) <= quantityValue(b) ? a : b;
}

import { type Amounts, maximaOf, withStorage } from "../../api/class/maxima.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";
import { quantityValue } from "../../api/schema/quantity.ts";
import type { Container } from "../../kube/objects.ts";
import type { GpuPool } from "./gpu-pool.ts";

/** Requests of a sandbox that nobody gave any. */
const smallRequests: Amounts = { cpu: "100m", memory: "128Mi" };

/** Resources that every container uses, asked for or not. */
const used: readonly string[] = ["cpu", "memory", "ephemeral-storage"];

/**
 * The sandbox's own requests and limits, completed by its class so that no request exceeds its limit and nothing that it
 * uses and that has a maximum is without a limit. Where the sandbox sets only a limit, Kubernetes requests as much, as for
 * any container.
 */
export function resourcesFor(
  { resources = {} }: SandboxSpec,
  sandboxClass: SandboxClassSpec,
  gpus?: GpuPool,
): NonNullable<Container["resources"]> {
  const { defaults = {} } = sandboxClass;
  const asked = { requests: resources.requests ?? {}, limits: resources.limits ?? {} };
  const maxima = Object.entries(maximaOf(sandboxClass)).filter(([name]) => used.includes(name));
  const byClass = {
    ...Object.fromEntries(maxima),
    ...withStorage(defaults.resources?.limits, defaults.ephemeralStorage),
  };
  const limits = {
    ...raised(byClass, asked.requests),
    ...asked.limits,
    ...(gpus && { [gpus.resourceName]: String(gpus.count) }),
  };
  const byDefault = Object.entries({ ...smallRequests, ...defaults.resources?.requests });
  const open = Object.fromEntries(byDefault.filter(([name]) => !(name in asked.limits)));
  const requests = { ...lowered(open, limits), ...asked.requests };
  return { requests, ...(Object.keys(limits).length === 0 ? {} : { limits }) };
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

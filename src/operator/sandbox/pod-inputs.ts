import { termsFor } from "./class-terms.ts";
import { networkLabel, type NetworkRule } from "./network-policy.ts";
import type { Observed } from "./observed.ts";
import type { PodInputs } from "./pod.ts";

/** What the Pod of an observed sandbox is made from. */
export function podInputsFor(
  observed: Observed,
  { sandboxClass, probe, found }: Pick<PodInputs, "sandboxClass" | "probe" | "found">,
): PodInputs {
  const { facts, settings, app } = observed;
  return {
    sandboxClass,
    probe,
    found,
    facts,
    agentImage: settings.agentImage,
    network: networkLabel(ruleFor(observed), settings.network),
    appLabels: app?.spec.labels ?? {},
  };
}

/** What the sandbox may reach. */
export function ruleFor(observed: Observed): NetworkRule {
  if (observed.sandbox.spec.network?.block === true) return { kind: "blocked" };
  return { kind: "public", allowedPrivateCidrs: termsFor(observed)?.allowedPrivateCidrs ?? [] };
}

import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import { deniedAddresses } from "../network/enforcement.ts";
import { networkLabel } from "../network/policy.ts";
import { entriesOf } from "../tunnels/ingress/rule.ts";
import { networkRule, type NetworkRule } from "../network/rule.ts";
import { classTermsFor } from "./class-terms.ts";
import type { FoundImage } from "./entrypoint.ts";
import type { Observed, SandboxSettings } from "./observed.ts";
import type { PodInputs } from "./pod.ts";

/** What the Pod of an observed sandbox is made from. */
export function podInputsFor(
  observed: Observed,
  sandboxClass: SandboxClassSpec,
  found: FoundImage | undefined,
): PodInputs {
  const { sandbox, probe, facts, settings, app } = observed;
  return {
    sandboxClass,
    probe: sandbox.spec.readinessProbe ?? probe?.spec,
    found,
    facts,
    agentImage: settings.agentImage,
    network: networkLabel(ruleFor(observed)),
    deniedAddresses: sandboxClass.network?.waitForEnforcement === true ? deniedAddresses(facts, sandboxClass) : [],
    appLabels: app?.spec.labels ?? {},
  };
}

/** What decides about the network of a sandbox. */
export interface RuleInputs extends Pick<Observed, "sandbox" | "pod" | "sandboxClass" | "facts"> {
  settings: Pick<SandboxSettings, "tunnels">;
}

/** What the sandbox may reach, and who it: no controller where the operator may not tell it by Ingresses whom to let in. */
export function ruleFor(inputs: RuleInputs): NetworkRule {
  const { sandbox, settings } = inputs;
  const terms = classTermsFor(inputs);
  const tunnels = settings.tunnels.ingress === true ? terms?.tunnels : undefined;
  return networkRule(sandbox.spec.network, terms, tunnels && entriesOf(sandbox, tunnels));
}

import type { SandboxClassSpec } from "../sandbox-class.ts";
import type { SandboxSpec } from "../sandbox.ts";

/** Where the ports of a sandbox are reached. */
export interface TunnelTerms {
  mode: "Gateway" | "Ingress";
  /** The parent of the hosts of its tunnels. */
  domain: string;
  /** The parent of its host for connect tokens, at which the gateway always listens itself. */
  connectDomain: string;
}

/** What the class and the sandbox say of tunnels; `defaultDomain` is what the gateway serves where neither names one. */
export function tunnelTerms(
  { customDomain }: Pick<SandboxSpec, "customDomain">,
  { tunnels }: Pick<SandboxClassSpec, "tunnels">,
  defaultDomain: string,
): TunnelTerms {
  const { mode = "Gateway", domain = defaultDomain } = tunnels ?? {};
  return {
    mode,
    domain: (customDomain ?? domain).toLowerCase(),
    connectDomain: mode === "Gateway" ? domain : defaultDomain,
  };
}

/** What a class does not let a sandbox have of the tunnels that it asks for, in words; `undefined` when nothing. */
export function tunnelProblem(
  { tunnels: asked = [], customDomain }: SandboxSpec,
  { tunnels }: SandboxClassSpec,
): string | undefined {
  if (asked.length === 0) return undefined;
  const { customDomains = [] } = tunnels ?? {};
  if (customDomain !== undefined && !customDomains.some((own) => own.toLowerCase() === customDomain.toLowerCase()))
    return `spec.customDomain: ${customDomain} is not among tunnels.customDomains, which ${customDomains.length === 0 ? "there are none of" : `are ${customDomains.join(", ")}`}`;
  if (tunnels === undefined) return undefined;
  if (tunnels.mode === "Ingress") return "spec.tunnels: mode Ingress is not supported by this version of Sandkeep";
  const idle = (["ingressClassName", "annotations", "certificateSecret"] as const).find(
    (member) => tunnels[member] !== undefined,
  );
  return idle && `spec.tunnels: ${idle} is for mode Ingress, and the mode is Gateway`;
}

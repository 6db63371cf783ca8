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

import type { SandboxClassSpec } from "../sandbox-class.ts";
import type { SandboxSpec, SandboxStatus } from "../sandbox.ts";
import { ingressProblem } from "./ingress.ts";

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

type Reached = Pick<NonNullable<SandboxStatus["tunnels"]>[number], "host" | "unencryptedHost" | "unencryptedPort">;

/** The port of the gateway's listener that leads to a tunnel; that of a Service in mode Ingress, which has no host of its own, is none. */
export function gatewayPort({ host, unencryptedHost, unencryptedPort }: Reached): number | undefined {
  return unencryptedHost === host ? unencryptedPort : undefined;
}

/** What a class does not let a sandbox have of the tunnels that it asks for, in words; `undefined` when nothing. */
export function tunnelProblem(
  { tunnels: asked = [], customDomain, network }: SandboxSpec,
  { tunnels }: SandboxClassSpec,
): string | undefined {
  if (asked.length === 0) return undefined;
  const { customDomains = [] } = tunnels ?? {};
  if (customDomain !== undefined && !customDomains.some((own) => own.toLowerCase() === customDomain.toLowerCase()))
    return `spec.customDomain: ${customDomain} is not among tunnels.customDomains, which ${customDomains.length === 0 ? "there are none of" : `are ${customDomains.join(", ")}`}`;
  if (tunnels === undefined) return undefined;
  const { mode } = tunnels;
  const idle = membersOfOther[mode].find((member) => tunnels[member] !== undefined);
  if (idle !== undefined) return `spec.tunnels: ${idle} is for mode ${otherMode[mode]}, and the mode is ${mode}`;
  return mode === "Ingress" ? ingressProblem({ tunnels: asked, ...(network && { network }) }, tunnels) : undefined;
}

const otherMode = { Gateway: "Ingress", Ingress: "Gateway" } as const;

/** What would be silently ignored. */
const membersOfOther = {
  Gateway: [
    "ingressClassName",
    "annotations",
    "http2Annotations",
    "inboundAnnotation",
    "certificateSecret",
    "port",
    "controllers",
    "waitForAddress",
    "tcpService",
  ],
  Ingress: ["tcpPorts"],
} as const;

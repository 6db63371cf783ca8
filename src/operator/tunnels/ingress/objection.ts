import type { SandboxSpec } from "../../../api/sandbox.ts";
import type { TunnelSettings } from "../settings.ts";

/** Why a sandbox with tunnels cannot run in mode Ingress of its class: the operator may not make what leads to them. */
export function noIngressObjection(
  { tunnels = [] }: Pick<SandboxSpec, "tunnels">,
  { ingress = false }: TunnelSettings,
): string | undefined {
  if (tunnels.length === 0 || ingress) return undefined;
  return "spec.tunnels needs Services and Ingresses in mode Ingress of its class, which the operator may not make. Leave it out, or ask an administrator to set tunnels.ingress of the chart.";
}

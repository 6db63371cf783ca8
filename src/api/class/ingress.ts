import type { SandboxSpec } from "../sandbox.ts";
import type { ClassTunnels } from "../schema/class-tunnels.ts";

type Asked = Pick<SandboxSpec, "tunnels" | "network">;

/** What mode Ingress of a class cannot do for a sandbox, in words that name the port or list; `undefined` when nothing. */
export function ingressProblem(spec: Asked, tunnels: ClassTunnels): string | undefined {
  return protocolProblem(spec, tunnels) ?? inboundProblem(spec, tunnels);
}

function protocolProblem({ tunnels: asked = [] }: Asked, tunnels: ClassTunnels): string | undefined {
  for (const { port, protocol } of asked) {
    if (protocol === "HTTP2" && tunnels.http2Annotations === undefined)
      return `spec.tunnels: port ${port} cannot have protocol HTTP2 without tunnels.http2Annotations. Use TLS, or another class`;
    if (protocol === "TCP" && tunnels.tcpService === undefined)
      return `spec.tunnels: port ${port} cannot have protocol TCP without tunnels.tcpService. Use TLS for HTTP, or another class`;
  }
  return undefined;
}

/** Why a controller cannot be told who may connect, in words; `undefined` when it can, or need not. */
export function inboundProblem(
  { tunnels: asked = [], network }: Asked,
  { mode, inboundAnnotation }: ClassTunnels,
): string | undefined {
  const cidrs = network?.inbound?.cidrs;
  if (mode !== "Ingress" || cidrs === undefined || inboundAnnotation !== undefined) return undefined;
  if (asked.every(({ protocol }) => protocol === "TCP")) return undefined;
  return `spec.network.inbound.cidrs ${JSON.stringify(cidrs)} cannot be held to without tunnels.inboundAnnotation. Leave it out, or choose another class`;
}

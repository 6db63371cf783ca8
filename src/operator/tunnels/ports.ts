import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";
import type { PortRange, TunnelSettings } from "./settings.ts";

/** The ports that a class gives unencrypted tunnels: those of its own at which the gateway listens; `undefined` when there are none. */
export function tcpPortsOf({ tunnels }: SandboxClassSpec, { tcpPorts }: TunnelSettings): PortRange | undefined {
  if (tcpPorts === undefined || tunnels?.mode === "Ingress") return undefined;
  const wanted = tunnels?.tcpPorts ?? tcpPorts;
  const first = Math.max(wanted.first, tcpPorts.first);
  const last = Math.min(wanted.last, tcpPorts.last);
  return first <= last ? { first, last } : undefined;
}

/**
 * So many ports of a range that are not taken: those of `preferred`, then the next behind the port `after`, then from the
 * beginning; `undefined` when there are too few. So a port that was freed is given to somebody else as late as can be: clients
 * may still go there.
 */
export function freePorts(
  { first, last }: PortRange,
  count: number,
  { preferred, after, isTaken }: { preferred: readonly number[]; after: number; isTaken: (port: number) => boolean },
): number[] | undefined {
  const size = last - first + 1;
  const start = after >= first && after < last ? after + 1 : first;
  const isInside = (port: number): boolean => port >= first && port <= last;
  const free = preferred.filter((port) => isInside(port) && !isTaken(port)).slice(0, count);
  for (let step = 0; step < size && free.length < count; step++) {
    const port = first + ((start - first + step) % size);
    if (!free.includes(port) && !isTaken(port)) free.push(port);
  }
  return free.length === count ? free : undefined;
}

/** Why a sandbox can have no unencrypted tunnel, in words; `undefined` when it asks for none, or can. */
export function tcpProblem(
  { tunnels = [] }: Pick<SandboxSpec, "tunnels">,
  sandboxClass: SandboxClassSpec,
  settings: TunnelSettings,
): string | undefined {
  const count = tunnels.filter(({ protocol }) => protocol === "TCP").length;
  if (count === 0) return undefined;
  const range = tcpPortsOf(sandboxClass, settings);
  if (range === undefined)
    return "spec.tunnels asks for protocol TCP, for which there are no ports. Use TLS, or ask an administrator for tcpPorts.";
  const most = range.last - range.first + 1;
  return count > most ? `spec.tunnels asks for ${count} ports of protocol TCP, and there are ${most}.` : undefined;
}

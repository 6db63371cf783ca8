import { LABELS } from "../../../api/constants.ts";
import type { Sandbox } from "../../../api/sandbox.ts";
import type { ClassTunnels } from "../../../api/schema/class-tunnels.ts";
import { widest } from "../../../lib/cidr.ts";
import { portsOf } from "./objects.ts";

/** Who may connect to some ports of a sandbox. */
export interface Entry {
  ports: readonly number[];
  from: readonly EntrySource[];
}

export type EntrySource = NonNullable<ClassTunnels["controllers"]>[number];

const anywhere = ["0.0.0.0/0", "::/0"];
const labelled: EntrySource = { pods: { namespaceLabels: { [LABELS.ingressController]: "true" } } };

/**
 * Who connects to the published ports of a sandbox in mode Ingress: the controllers, which know whom to let in, and clients
 * to those ports that a Service passes on. Equal for sandboxes that publish the same ports, in whichever order.
 */
export function entriesOf(sandbox: Sandbox, { controllers = [labelled] }: ClassTunnels): Entry[] {
  const cidrs = widest(sandbox.spec.network?.inbound?.cidrs ?? anywhere);
  const entries = [
    { ports: [...portsOf(sandbox, "TLS"), ...portsOf(sandbox, "HTTP2")], from: controllers },
    { ports: portsOf(sandbox, "TCP"), from: cidrs.map((cidr) => ({ cidr })) },
  ];
  // No ports would be all of them, and nobody everybody.
  return entries
    .filter(({ ports, from }) => ports.length > 0 && from.length > 0)
    .map(({ ports, from }) => ({ ports: ports.toSorted((a, b) => a - b), from }));
}

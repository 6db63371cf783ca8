import type { Network } from "../../api/schema/network.ts";
import { widest } from "../../lib/cidr.ts";

/** What a sandbox may reach, and whether the gateway may reach it. Sandboxes with equal rules share one policy per namespace. */
export type NetworkRule = { kind: "blocked" } | AllowRule;

export interface AllowRule {
  kind: "allowed";
  /** Ranges that were asked for; what of them is not public is closed unless the class opens it. Empty: nothing, not even DNS. */
  cidrs: readonly string[];
  /** Ranges that the class opens. */
  allowedPrivateCidrs: readonly string[];
}

/** Everything: what of it is public may be reached by sandboxes that ask for nothing else. */
const anywhere = ["0.0.0.0/0", "::/0"];

/** The rule for what a sandbox asks for and its class opens. Domains add nothing to what may be reached by address. */
export function networkRule(
  { block = false, outbound }: Network = {},
  allowedPrivateCidrs: readonly string[] = [],
): NetworkRule {
  if (block) return { kind: "blocked" };
  const cidrs = outbound === undefined ? anywhere : (outbound.cidrs ?? []);
  return { kind: "allowed", cidrs: widest(cidrs), allowedPrivateCidrs: widest(allowedPrivateCidrs) };
}

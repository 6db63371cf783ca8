import { namesField } from "../../api/class/domains.ts";
import type { Network } from "../../api/schema/network.ts";
import { widest } from "../../lib/cidr.ts";
import type { Entry } from "../tunnels/ingress/rule.ts";

/** What a sandbox may reach, and whether the gateway may reach it. Sandboxes with equal rules share one policy per namespace. */
export type NetworkRule = { kind: "blocked" } | AllowRule;

export interface AllowRule {
  kind: "allowed";
  /** Ranges that were asked for; what of them is not public is closed unless the class opens it. Empty: nothing, not even DNS. */
  cidrs: readonly string[];
  /** Ranges that the class opens. */
  allowedPrivateCidrs: readonly string[];
  /** What the egress part does: it resolves names, or passes on what may be reached by name as well. Absent: nothing. */
  egress?: "Resolve" | "Proxy";
  /** Who connects to published ports without the gateway; absent: nobody. */
  entries?: readonly Entry[];
}

/** Everything: what of it is public may be reached by sandboxes that ask for nothing else. */
const anywhere = ["0.0.0.0/0", "::/0"];

/** What the class of a sandbox says about its network. */
export interface NetworkTerms {
  allowedPrivateCidrs: readonly string[];
  /** Whether the sandbox resolves names through the egress part. */
  domains: boolean;
}

/**
 * The rule for what a sandbox asks for on its class's terms. Domains add nothing to what may be reached by address, and with
 * a proxy nothing is. `entries`: who connects to its ports without the gateway.
 */
export function networkRule(network: Network = {}, terms?: NetworkTerms, entries: readonly Entry[] = []): NetworkRule {
  const { block = false, outbound, proxyName } = network;
  if (block) return { kind: "blocked" };
  const { allowedPrivateCidrs = [], domains = false } = terms ?? {};
  const cidrs = proxyName !== undefined ? [] : outbound === undefined ? anywhere : (outbound.cidrs ?? []);
  return {
    kind: "allowed",
    cidrs: widest(cidrs),
    allowedPrivateCidrs: widest(allowedPrivateCidrs),
    ...(domains && { egress: namesField(network) === undefined ? "Resolve" : "Proxy" }),
    ...(entries.length > 0 && { entries }),
  };
}

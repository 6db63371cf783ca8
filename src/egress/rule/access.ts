import type { Network } from "../../api/schema/network.ts";
import { type DomainList, domainList } from "./domains.ts";

/**
 * How a sandbox reaches names.
 * - `direct`: it resolves every name, and network policies say which addresses it reaches.
 * - `proxied`: names that it may reach resolve to the proxy, others do not exist. Without `domains` it may reach all.
 * - `none`: it has no business with names.
 */
export type Access =
  | { kind: "direct" }
  | { kind: "proxied"; domains?: DomainList; proxyName?: string }
  | { kind: "none" };

/** How a sandbox with this network reaches names. */
export function accessOf({ block, outbound, proxyName }: Network = {}): Access {
  if (block === true) return { kind: "none" };
  if (proxyName !== undefined) {
    return {
      kind: "proxied",
      proxyName,
      ...(outbound !== undefined && { domains: domainList(outbound.domains ?? []) }),
    };
  }
  if (outbound === undefined) return { kind: "direct" };
  const { domains = [], cidrs = [] } = outbound;
  if (domains.length > 0) return { kind: "proxied", domains: domainList(domains) };
  return { kind: cidrs.length > 0 ? "direct" : "none" };
}

/** Whether a name may be reached through the proxy. */
export function allowsName(access: Access, name: string): boolean {
  return access.kind === "proxied" && (access.domains === undefined || access.domains.has(name));
}

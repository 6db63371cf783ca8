import type { Network } from "../../api/schema/network.ts";
import type { PatchSandbox } from "../../api/sandbox-http.ts";
import { invalid } from "../errors.ts";
import type { WaitParams } from "../process/container-process.ts";
import type { SandboxCreateParams } from "./create.ts";

/** Parameters of `create` about the network. */
export type NetworkParams = Pick<
  SandboxCreateParams,
  "blockNetwork" | "outboundCidrAllowlist" | "outboundDomainAllowlist" | "inboundCidrAllowlist" | "proxy"
>;

/**
 * Lists replace those there are, and what is left out stays; an empty one allows nothing, as `blockNetwork: true`, which takes
 * them all away. `blockNetwork: false` without lists is the public internet again.
 */
export interface NetworkPolicyParams extends WaitParams {
  blockNetwork?: boolean;
  /** Ranges such as `"203.0.113.0/24"` that it may reach. */
  outboundCidrAllowlist?: readonly string[];
  /** Domains that it may reach; `*.` before one stands for everything below it. */
  outboundDomainAllowlist?: readonly string[];
}

/** What a sandbox may reach, as it was asked for: without lists, the public internet. */
export interface NetworkInfo {
  blockNetwork: boolean;
  outboundCidrAllowlist?: readonly string[];
  outboundDomainAllowlist?: readonly string[];
  inboundCidrAllowlist?: readonly string[];
  /** The proxy through which all goes. */
  proxy?: string;
}

/** @internal The network of a sandbox to create; `undefined` if nothing is said of it. Throws an `InvalidError`. */
export function networkFor(params: NetworkParams): Network | undefined {
  checkBlock(params);
  const { blockNetwork, inboundCidrAllowlist, proxy } = params;
  const outbound = outboundFor(params);
  if (blockNetwork === true) return { block: true };
  if (outbound === undefined && inboundCidrAllowlist === undefined && proxy === undefined) return undefined;
  return {
    ...(outbound && { outbound }),
    ...(inboundCidrAllowlist && { inbound: { cidrs: [...inboundCidrAllowlist] } }),
    ...(proxy && { proxyName: proxy.proxyId }),
  };
}

/** @internal The change that is asked for. Throws an `InvalidError` where that is nothing, or contradicts itself. */
export function networkPatch(params: NetworkPolicyParams): NonNullable<PatchSandbox["spec"]["network"]> {
  checkBlock(params);
  if (params.blockNetwork === true) return { block: true, outbound: null, inbound: null, proxyName: null };
  const outbound = outboundFor(params);
  if (outbound !== undefined) return { block: null, outbound };
  if (params.blockNetwork === false) return { block: null, outbound: null };
  throw invalid("updateNetworkPolicy needs outboundCidrAllowlist, outboundDomainAllowlist or blockNetwork");
}

/** @internal What a sandbox's spec says of its network. */
export function networkInfo({ block = false, outbound, inbound, proxyName }: Network = {}): NetworkInfo {
  return {
    blockNetwork: block,
    ...(outbound && {
      outboundCidrAllowlist: outbound.cidrs ?? [],
      outboundDomainAllowlist: outbound.domains ?? [],
    }),
    ...(inbound && { inboundCidrAllowlist: inbound.cidrs ?? [] }),
    ...(proxyName !== undefined && { proxy: proxyName }),
  };
}

function outboundFor({
  outboundCidrAllowlist: cidrs,
  outboundDomainAllowlist: domains,
}: NetworkParams): Network["outbound"] | undefined {
  if (cidrs === undefined && domains === undefined) return undefined;
  return { ...(cidrs && { cidrs: [...cidrs] }), ...(domains && { domains: [...domains] }) };
}

const lists = ["outboundCidrAllowlist", "outboundDomainAllowlist", "inboundCidrAllowlist", "proxy"] as const;

function checkBlock(params: NetworkParams): void {
  if (params.blockNetwork !== true) return;
  const list = lists.find((name) => params[name] !== undefined);
  if (list !== undefined) throw invalid(`blockNetwork excludes ${list}`);
}

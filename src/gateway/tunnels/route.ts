import { gatewayPort, type TunnelTerms } from "../../api/class/tunnels.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { connectHost, connectLabel, tunnelLabel } from "../../lib/tunnel-host.ts";
import { isFinished } from "../sandboxes/life.ts";
import { isAdmitted } from "./admit.ts";

export type TunnelProtocol = NonNullable<Sandbox["spec"]["tunnels"]>[number]["protocol"];

/** What a connection is for. */
export type Route =
  | { kind: "tunnel"; sandbox: Sandbox; port: number; protocol: TunnelProtocol }
  /** `isHop`: who has come speaks for clients, and says with each request for whom. */
  | { kind: "connect"; sandbox: Sandbox; isHop: boolean };

export interface RouterOptions {
  /** The sandboxes with this among their `hostsOf`. */
  sandboxesAt: (host: string) => Sandbox[];
  /** Where the sandbox is reached: in mode Gateway the gateway is what listens for its tunnels. */
  termsOf: (sandbox: Sandbox) => Pick<TunnelTerms, "mode" | "connectDomain">;
  /** Whether who is at this address ends TLS for clients and says in each request for whom. */
  isTrustedHop: (address: string) => boolean;
}

/** Leads from what a client asks for, and its address, to a port of a sandbox. */
export interface Router {
  byName(serverName: string, client: string): Route | undefined;
  byPort(port: number, client: string): Route | undefined;
}

/**
 * Names and ports that nobody has, sandboxes that end, and clients that the sandbox does not admit all lead nowhere, so that
 * none of them can be told from another.
 */
export function router(options: RouterOptions): Router {
  return {
    byName: (serverName, client) => admitted(routeTo(serverName.toLowerCase(), client, options), client),
    byPort: (port, client) => admitted(portRoute(port, options), client),
  };
}

/**
 * The hosts of a sandbox's tunnels, the first label of the one for connect tokens, and ports of its own with a colon before
 * them. An index, so that none is looked for.
 */
export function hostsOf(sandbox: Sandbox): string[] {
  if (isFinished(sandbox)) return [];
  const { metadata, status } = sandbox;
  const tunnels = (status?.tunnels ?? []).flatMap((tunnel) => {
    const port = gatewayPort(tunnel);
    return [...(tunnel.host === undefined ? [] : [tunnel.host]), ...(port === undefined ? [] : [`:${port}`])];
  });
  return [connectLabel(metadata.uid ?? ""), ...tunnels];
}

function admitted(route: Route | undefined, client: string): Route | undefined {
  return route && isAdmitted(route.sandbox, clientOf(route, client)) ? route : undefined;
}

/** Whom a route is for, as far as the connection tells it. */
export function clientOf(route: Route, peer: string): string | undefined {
  return route.kind === "connect" && route.isHop ? undefined : peer;
}

function routeTo(
  host: string,
  client: string,
  { sandboxesAt, termsOf, isTrustedHop }: RouterOptions,
): Route | undefined {
  const [label = ""] = host.split(".", 1);
  const [sandbox] = sandboxesAt(label);
  if (sandbox !== undefined) {
    const own = connectHost(sandbox.metadata.uid ?? "", termsOf(sandbox).connectDomain.toLowerCase());
    return host === own ? { kind: "connect", sandbox, isHop: isTrustedHop(client) } : undefined;
  }
  for (const sandbox of sandboxesAt(host)) {
    const route = termsOf(sandbox).mode === "Gateway" ? tunnelAt(host, label, sandbox) : undefined;
    if (route !== undefined) return route;
  }
  return undefined;
}

/** Whoever may write a status cannot take another sandbox's host by it: a host is bound to the uid. */
function tunnelAt(host: string, label: string, sandbox: Sandbox): Route | undefined {
  const { spec, status, metadata } = sandbox;
  const port = status?.tunnels?.find((tunnel) => tunnel.host === host)?.containerPort;
  const tunnel = spec.tunnels?.find((tunnel) => tunnel.port === port);
  if (tunnel === undefined || label !== tunnelLabel(metadata.uid ?? "", tunnel.port)) return undefined;
  return { kind: "tunnel", sandbox, port: tunnel.port, protocol: tunnel.protocol };
}

/** A port that several claim is nobody's. */
function portRoute(port: number, { sandboxesAt, termsOf }: RouterOptions): Route | undefined {
  const [sandbox, ...others] = sandboxesAt(`:${port}`);
  if (sandbox === undefined || others.length > 0 || termsOf(sandbox).mode !== "Gateway") return undefined;
  const { spec, status } = sandbox;
  const inside = status?.tunnels?.find((tunnel) => gatewayPort(tunnel) === port)?.containerPort;
  const tunnel = spec.tunnels?.find(({ port, protocol }) => port === inside && protocol === "TCP");
  return tunnel && { kind: "tunnel", sandbox, port: tunnel.port, protocol: tunnel.protocol };
}

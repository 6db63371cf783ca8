import type { SandboxApp } from "../../api/sandbox-app.ts";
import type { SandboxClass } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Config } from "../../config.ts";
import type { Log } from "../../log.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { inRanges } from "./admit.ts";
import { addressesIn, type KnownPods } from "./addresses.ts";
import { Certificates } from "./certificates.ts";
import { type ConnectServer, TunnelListener } from "./listener.ts";
import type { LiveConnections } from "./live.ts";
import { router } from "./route.ts";
import { termsIn } from "./terms.ts";

export interface TunnelWorld {
  /** Indexed by `hostsOf`. */
  sandboxes: Pick<Reflector<Sandbox, "host">, "store">;
  classes: Pick<Reflector<SandboxClass>, "store">;
  apps: Pick<Reflector<SandboxApp>, "store">;
  pods: KnownPods;
  /** Told of what becomes of sandboxes. */
  live: LiveConnections;
  connect: ConnectServer;
  beginUse: (sandbox: Sandbox) => () => void;
  log: Log;
}

export interface Tunnels {
  /** Takes no more connections, and resolves when all have ended or, after some seconds, been cut. */
  drain(seconds: number): Promise<void>;
  /** Resolves once certificates are followed no more. */
  following: Promise<void>;
}

/** Listens for tunnels, if that is asked for, until drained. Certificates are followed until the signal is aborted. */
export async function startTunnels(
  { port, reached: { domain, tcpPorts }, proxies, trustedHops, certificates: folders }: Config["tunnels"],
  { sandboxes, classes, apps, pods, live, connect, beginUse, log }: TunnelWorld,
  signal: AbortSignal,
): Promise<Tunnels> {
  if (port === undefined) return { drain: () => Promise.resolve(), following: Promise.resolve() };
  const certificates = await Certificates.open(folders, domain, log);
  const following = certificates.follow(log, signal);
  const listener = new TunnelListener({
    route: router({
      sandboxesAt: (host) => sandboxes.store.by("host", host),
      termsOf: termsIn({ classes, apps }, domain),
      isTrustedHop: inRanges(trustedHops),
    }),
    addressOf: addressesIn(pods),
    isProxy: inRanges(proxies),
    contextFor: (name) => certificates.contextFor(name),
    live,
    connect,
    beginUse,
  });
  log.info({ port: await listener.listen(port, "::"), domain }, "listening for tunnels");
  for (let plain = tcpPorts?.first ?? 1; plain <= (tcpPorts?.last ?? 0); plain++)
    await listener.listenPlain(plain, "::");
  return { drain: (seconds) => listener.drain(seconds), following };
}

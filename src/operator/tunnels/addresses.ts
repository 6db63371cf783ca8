import { tunnelTerms } from "../../api/class/tunnels.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Sandbox, SandboxStatus } from "../../api/sandbox.ts";
import { tunnelHost } from "../../lib/tunnel-host.ts";
import type { TunnelSettings } from "./settings.ts";

export type TunnelAddress = NonNullable<SandboxStatus["tunnels"]>[number];

/** Where the ports of a sandbox are reached through the gateway; `unencrypted` has the ports given to some of them. */
export function tunnelAddresses(
  { spec, metadata }: Sandbox,
  sandboxClass: SandboxClassSpec,
  settings: TunnelSettings,
  unencrypted: ReadonlyMap<number, number>,
): TunnelAddress[] {
  const { domain } = tunnelTerms(spec, sandboxClass, settings.domain);
  return (spec.tunnels ?? []).map(({ port: containerPort }) => {
    const host = tunnelHost(metadata.uid ?? "", containerPort, domain);
    const unencryptedPort = unencrypted.get(containerPort);
    return {
      containerPort,
      url: urlOf(host, settings.port),
      host,
      port: settings.port,
      ...(unencryptedPort !== undefined && { unencryptedHost: host, unencryptedPort }),
    };
  });
}

function urlOf(host: string, port: number): string {
  return `https://${host}${port === 443 ? "" : `:${port}`}`;
}

import type { TunnelsView } from "../api/routes/tunnels.ts";
import type { Sandbox as SandboxObject } from "../api/sandbox.ts";
import { invalid, SandboxTimeoutError, TimeoutError } from "./errors.ts";
import type { Gateway } from "./http/gateway.ts";
import type { SandboxCreateParams } from "./sandbox/create.ts";

/** A port of a sandbox that is reached from outside. */
export class Tunnel {
  /** Where it is reached over TLS. */
  readonly host: string;
  readonly port: number;
  /** Where it is reached without TLS; only what was created with `unencryptedPorts`. */
  readonly unencryptedHost: string | undefined;
  readonly unencryptedPort: number | undefined;

  /** @internal */
  constructor(host: string, port: number, unencryptedHost?: string, unencryptedPort?: number) {
    this.host = host;
    this.port = port;
    this.unencryptedHost = unencryptedHost;
    this.unencryptedPort = unencryptedPort;
  }

  /** The address for browsers and HTTP clients. */
  get url(): string {
    return `https://${this.host}${this.port === 443 ? "" : `:${this.port}`}`;
  }

  /** Host and port of a TLS socket. */
  get tlsSocket(): [host: string, port: number] {
    return [this.host, this.port];
  }

  /** Host and port of a TCP socket. Throws an `InvalidError` unless the port is among `unencryptedPorts`. */
  get tcpSocket(): [host: string, port: number] {
    if (this.unencryptedHost === undefined || this.unencryptedPort === undefined)
      throw invalid("This tunnel is reached over TLS only: create the sandbox with the port in unencryptedPorts");
    return [this.unencryptedHost, this.unencryptedPort];
  }
}

/** How long one request waits; seconds. */
const waitSeconds = 50;

/** @internal By ports inside, once they lead to the sandbox at `path`. */
export async function waitForTunnels(
  gateway: Pick<Gateway, "json">,
  path: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Record<number, Tunnel>> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const left = Math.max(0, (end - performance.now()) / 1000);
    const query = { timeoutSeconds: Math.min(left, waitSeconds) };
    try {
      return tunnelsOf(await gateway.json<TunnelsView>({ method: "GET", path: `${path}/tunnels`, query, signal }));
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      if (left <= waitSeconds) throw new SandboxTimeoutError(error.code, error.resource, error.message);
    }
  }
}

function tunnelsOf({ tunnels }: TunnelsView): Record<number, Tunnel> {
  return Object.fromEntries(
    tunnels.map(({ containerPort, host, port, unencryptedHost, unencryptedPort }) => [
      containerPort,
      new Tunnel(host ?? unencryptedHost ?? "", port ?? unencryptedPort ?? 0, unencryptedHost, unencryptedPort),
    ]),
  );
}

type Ports = Pick<SandboxCreateParams, "encryptedPorts" | "h2Ports" | "unencryptedPorts" | "customDomain">;

/** @internal What a sandbox is asked to have. Throws an `InvalidError` for what is no port, and for one that comes twice. */
export function tunnelsFor(params: Ports): Pick<SandboxObject["spec"], "tunnels" | "customDomain"> {
  const { encryptedPorts = [], h2Ports = [], unencryptedPorts = [], customDomain } = params;
  const tunnels = [
    ...encryptedPorts.map((port) => ({ port, protocol: "TLS" as const })),
    ...h2Ports.map((port) => ({ port, protocol: "HTTP2" as const })),
    ...unencryptedPorts.map((port) => ({ port, protocol: "TCP" as const })),
  ];
  const seen = new Set<number>();
  for (const { port } of tunnels) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid(`Port ${port} must be from 1 to 65535`);
    if (seen.has(port)) throw invalid(`Port ${port} comes twice among encryptedPorts, h2Ports and unencryptedPorts`);
    seen.add(port);
  }
  return {
    ...(tunnels.length > 0 && { tunnels }),
    ...(customDomain !== undefined && { customDomain }),
  };
}

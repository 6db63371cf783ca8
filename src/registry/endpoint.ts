/** What administrators say about registries. */
export interface RegistrySettings {
  /** Hosts that may be asked; `*` stands for any characters. */
  allowed: string[];
  /** Hosts that may have addresses other than public ones. */
  private: string[];
  /** Origins that are asked in place of hosts, over http if they say so; that of `*` in place of all others. */
  mirrors: Record<string, string>;
}

/** Where a registry is asked. */
export interface Endpoint {
  origin: string;
  /** An administrator has named it: it may be anywhere, and use http. */
  trusted: boolean;
  /** It is the registry itself, to which its credentials may go. */
  own: boolean;
}

/** Where a host is asked; `undefined` if it may not be. */
export function endpointFor(host: string, { allowed, mirrors }: RegistrySettings): Endpoint | undefined {
  if (!allowed.some((pattern) => matches(pattern, host))) return undefined;
  const mirror = mirrors[host] ?? mirrors["*"];
  if (mirror !== undefined) {
    const { origin, host: mirrorHost } = new URL(mirror);
    return { origin, trusted: true, own: mirrorHost === host };
  }
  return { origin: `https://${host === "docker.io" ? "registry-1.docker.io" : host}`, trusted: false, own: true };
}

/** Whether two hosts are one, or siblings: `auth.example.com` gives the tokens of `registry.example.com`. */
export function areRelated(host: string, other: string): boolean {
  const [, ...parent] = host.split(".");
  if (host === other) return true;
  const domain = parent.join(".");
  return parent.length > 1 && (other === domain || other.endsWith(`.${domain}`));
}

/** Whether an endpoint may send its clients to a URL: one of its own, of a related host, or of a host that may be asked itself. */
export function leadsOn(url: URL, { origin }: Endpoint, { allowed }: Pick<RegistrySettings, "allowed">): boolean {
  if (url.origin === origin || areRelated(new URL(origin).hostname, url.hostname)) return true;
  return allowed.some((pattern) => matches(pattern, url.host));
}

function matches(pattern: string, host: string): boolean {
  const parts = pattern
    .toLowerCase()
    .split("*")
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`).test(host);
}

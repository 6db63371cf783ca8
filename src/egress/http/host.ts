import { hostName } from "../rule/host-name.ts";

/** The host that a request is for, or why it is for none. */
export type RequestHost = { kind: "name"; name: string; path: string } | { kind: "refused"; problem: string };

/**
 * The host of an HTTP/1.1 request (RFC 9112, section 3.2) that came to `port`. What says it twice has to say the same:
 * servers differ in what they believe.
 */
export function requestHost(target: string, rawHeaders: readonly string[], port: number): RequestHost {
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host");
  const [host, ...more] = hosts;
  if (host === undefined || more.length > 0) return refused("it needs one Host header");
  const named = nameAndPort(host);
  if (named === undefined) return refused("what its Host header names is no host name");
  if (named.port !== undefined && named.port !== port)
    return refused(`its Host header names another port than ${port}`);
  if (target.startsWith("/") || target === "*") return { kind: "name", name: named.name, path: target };

  const absolute = /^http:\/\/([^/?#]*)(.*)$/i.exec(target);
  if (absolute === null) return refused("its target is neither a path nor an http URL");
  const [, authority = "", rest = ""] = absolute;
  const asked = nameAndPort(authority);
  if (asked?.name !== named.name || (asked.port ?? 80) !== (named.port ?? 80))
    return refused("its target and its Host header name different hosts");
  return { kind: "name", name: named.name, path: rest.startsWith("/") ? rest : `/${rest}` };
}

function nameAndPort(authority: string): { name: string; port?: number } | undefined {
  const [, host = "", port] = /^([^:]*)(?::([0-9]{1,5}))?$/.exec(authority) ?? [];
  const name = hostName(host);
  return name === undefined ? undefined : { name, ...(port !== undefined && { port: Number(port) }) };
}

function refused(problem: string): RequestHost {
  return { kind: "refused", problem };
}

/** What a registry wants before it answers. */
export type Challenge = { scheme: "basic" } | { scheme: "bearer"; realm: string; service?: string; scope?: string };

/** Reads a header `WWW-Authenticate` (RFC 9110, 11.6.1); `undefined` for what no registry says. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = "", rest = ""] = /^\s*([A-Za-z]+)\s*(.*)$/s.exec(header?.slice(0, 4096) ?? "") ?? [];
  if (scheme.toLowerCase() === "basic") return { scheme: "basic" };
  if (scheme.toLowerCase() !== "bearer") return undefined;
  const found = [...rest.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, name = "", value = ""]) => [
    name.toLowerCase(),
    value,
  ]);
  const { realm, service, scope } = Object.fromEntries(found) as Partial<Record<string, string>>;
  if (realm === undefined) return undefined;
  return { scheme: "bearer", realm, ...(service !== undefined && { service }), ...(scope !== undefined && { scope }) };
}

/**
 * Path and query of a request's target as they were sent. Proxies may send a whole URL (RFC 9112, 3.2.2), whose host is
 * of no concern here.
 */
export function splitTarget(target: string): { path: string; search: string } {
  const local = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = local.indexOf("?");
  return mark === -1 ? { path: local, search: "" } : { path: local.slice(0, mark), search: local.slice(mark + 1) };
}

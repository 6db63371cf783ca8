import type { IncomingMessage } from "node:http";

/**
 * Whether a request that has nothing but a cookie may be answered: other sandboxes' pages are of the same site as this one,
 * so that SameSite does not keep them from sending it. Browsers say where a request comes from (Fetch Metadata, Origin):
 * pages of other origins may lead here by a link, and nothing else.
 */
export function isFromOwnPage({ method, headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  const { origin, host, "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": destination } = headers;
  const isOwnOrigin = origin === undefined || origin === `https://${host}`;
  if (site === "same-origin" || site === "none") return isOwnOrigin;
  if (site === undefined) return isOwnOrigin;
  return (method === "GET" || method === "HEAD") && mode === "navigate" && destination === "document";
}

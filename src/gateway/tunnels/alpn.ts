import type { Route } from "./route.ts";

/**
 * The protocol to answer with of those that a client offers; `undefined` refuses the connection. What is inside a tunnel is
 * the program's affair, except that h2 goes only to programs that are said to speak it.
 */
export function chosenProtocol(route: Route, offered: readonly string[]): string | undefined {
  const wanted = route.kind === "tunnel" && route.protocol === "HTTP2" ? ["h2", "http/1.1"] : ["http/1.1"];
  const known = wanted.find((protocol) => offered.includes(protocol));
  if (known !== undefined || route.kind === "connect") return known;
  return offered.find((protocol) => protocol !== "h2");
}

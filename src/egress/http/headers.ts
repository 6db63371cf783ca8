/** Those that concern one connection only (RFC 9110, section 7.6.1); Node frames bodies itself. */
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "upgrade", "te", "trailer", "expect"]);

/** The headers, names and values in turn, that are for who is at the other end. */
export function endToEnd(rawHeaders: readonly string[]): string[] {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ""] as const] : []));
  const named = pairs
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.split(",").map((one) => one.trim().toLowerCase()));
  // Nobody may have the length or the host of a message taken away by naming it.
  const dropped = new Set([...hopByHop, ...named.filter((name) => !kept.has(name))]);
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat();
}

const kept = new Set(["host", "content-length", "transfer-encoding"]);

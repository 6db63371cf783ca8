import { CONNECT_TOKEN_PARAMETER, VERIFIED_USER_DATA_HEADER } from "../../api/constants.ts";
import { CONNECT_COOKIE, isOurs, withoutCookie } from "./credentials.ts";

/** Header fields in the order in which they came, names and values in turn, as Node has them. */
export type RawHeaders = readonly string[];

/** What a request is forwarded with. */
export interface Forwarding {
  /** From the token; `undefined` when it has none. */
  userMetadata: string | undefined;
  /** The client's address. */
  client: string;
  host: string;
  /** Whether the connection becomes a WebSocket. */
  upgrades: boolean;
  /** How the body's end is known. */
  body: { length: string } | "chunked" | "none";
}

type Field = readonly [name: string, value: string];

/** Of one connection, not of the request (RFC 9110, section 7.6.1), and those that say how long the body is. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What only the gateway says, and whatever begins with `x-forwarded-`. */
const reserved: ReadonlySet<string> = new Set([
  VERIFIED_USER_DATA_HEADER.toLowerCase(),
  "forwarded",
  "host",
  "x-real-ip",
]);

const upgrade: readonly Field[] = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
];

/** The header of a request as the program in the sandbox gets it: without the token wherever it was, and with what it may trust. */
export function requestHeaders(raw: RawHeaders, forwarding: Forwarding): string[] {
  const { userMetadata, client, host, upgrades, body } = forwarding;
  const kept = endToEnd(raw).flatMap(([name, value]): readonly Field[] => {
    const known = normal(name);
    if (reserved.has(known) || known.startsWith("x-forwarded-")) return [];
    if (known === "authorization" && isOurs(value)) return [];
    if (known === "referer" && value.includes(CONNECT_TOKEN_PARAMETER)) return [];
    if (known !== "cookie") return [[name, value]];
    const cookies = withoutCookie(value);
    return cookies === undefined ? [] : [[name, cookies]];
  });
  const added: readonly Field[] = [
    ["Host", host],
    ["X-Forwarded-For", client],
    ["X-Forwarded-Host", host],
    ["X-Forwarded-Proto", "https"],
    ...(userMetadata === undefined ? [] : [[VERIFIED_USER_DATA_HEADER, userMetadata] as const]),
    // A program that is told to close does so with its reply, at times before it can be read.
    ...(upgrades ? upgrade : [["Connection", "keep-alive"] as const]),
    ...(body === "chunked" ? [["Transfer-Encoding", "chunked"] as const] : []),
    ...(typeof body === "object" ? [["Content-Length", body.length] as const] : []),
  ];
  return [...kept, ...added].flat();
}

/**
 * The header of a reply as the client gets it. What the program sets as cookies stays with this host, and it cannot set the
 * gateway's own.
 */
export function replyHeaders(
  raw: RawHeaders,
  { upgrades = false, length }: { upgrades?: boolean; length?: string | undefined } = {},
): string[] {
  const kept = endToEnd(raw).flatMap(([name, value]): readonly Field[] => {
    if (normal(name) !== "set-cookie") return [[name, value]];
    const cookie = hostOnly(value);
    return cookie === undefined ? [] : [[name, cookie]];
  });
  const added: readonly Field[] = [
    ...(upgrades ? upgrade : []),
    ...(length === undefined ? [] : [["Content-Length", length] as const]),
  ];
  return [...kept, ...added].flat();
}

/** A Set-Cookie header without its Domain; `undefined` for one of the gateway's name. */
function hostOnly(setCookie: string): string | undefined {
  const [cookie = "", ...attributes] = setCookie.split(";");
  const name = cookie.split("=")[0] ?? "";
  if (name.trim().toLowerCase() === CONNECT_COOKIE.toLowerCase()) return undefined;
  const kept = attributes.filter((attribute) => attribute.split("=")[0]?.trim().toLowerCase() !== "domain");
  return [cookie, ...kept].join(";");
}

function endToEnd(raw: RawHeaders): Field[] {
  const fields = raw.flatMap((name, index): Field[] => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []));
  const named = fields.filter(([name]) => name.toLowerCase() === "connection").flatMap(([, value]) => value.split(","));
  const ofConnection = new Set(named.map((name) => normal(name.trim())));
  return fields.filter(([name]) => !hopByHop.has(normal(name)) && !ofConnection.has(normal(name)));
}

/** Many programs take `_`, and some take any other sign, for `-`: what may not pass does not in such a disguise either. */
function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-");
}

import type { IncomingMessage } from "node:http";
import { CONNECT_TOKEN_PARAMETER } from "../../api/constants.ts";
import { isConnectToken } from "../connect-tokens/token.ts";

/** Takes the token over from the parameter. A browser sends a cookie of this prefix only where it was set (RFC 6265bis, 4.1.3.2). */
export const CONNECT_COOKIE = "__Host-sandkeep-connect";

/** What a client shows for itself, and where it was. */
export type Credential = { from: "header" | "parameter" | "cookie"; token: string } | { from: "nowhere" };

/** The credential of a request: the explicit ones count before the one that a browser adds by itself. */
export function credentialOf({ headers, url = "" }: Pick<IncomingMessage, "headers" | "url">): Credential {
  const bearer = bearerOf(headers.authorization ?? "");
  if (isConnectToken(bearer)) return { from: "header", token: bearer };
  const parameter = withoutToken(url).token;
  if (parameter !== undefined) return { from: "parameter", token: parameter };
  const cookie = (headers.cookie ?? "")
    .split(";")
    .map(pair)
    .find(({ name }) => name === CONNECT_COOKIE);
  return cookie === undefined ? { from: "nowhere" } : { from: "cookie", token: cookie.value };
}

/** Whether an Authorization header is meant for the gateway; others are the program's in the sandbox. */
export function isOurs(authorization: string): boolean {
  return isConnectToken(bearerOf(authorization));
}

/** The request's target without the parameter, otherwise octet for octet the same, and the first token that it held. */
export function withoutToken(target: string): { target: string; token?: string } {
  const mark = target.indexOf("?");
  if (mark < 0) return { target };
  const parts = target.slice(mark + 1).split("&");
  const tokens = parts.flatMap((part) => tokenIn(part) ?? []);
  const [token] = tokens;
  if (token === undefined) return { target };
  const others = parts.filter((part) => tokenIn(part) === undefined);
  const query = others.length === 0 ? "" : `?${others.join("&")}`;
  return { target: `${target.slice(0, mark)}${query}`, token };
}

/** A Cookie header without the gateway's own; `undefined` when nothing is left. */
export function withoutCookie(header: string): string | undefined {
  const others = header.split(";").filter((part) => pair(part).name !== CONNECT_COOKIE);
  const kept = others.map((part) => part.trim()).filter((part) => part !== "");
  return kept.length === 0 ? undefined : kept.join("; ");
}

/** The Set-Cookie header that keeps a token in the browser for so many seconds. */
export function cookieFor(token: string, seconds: number): string {
  return `${CONNECT_COOKIE}=${token}; Max-Age=${seconds}; Path=/; Secure; HttpOnly; SameSite=Lax`;
}

function bearerOf(authorization: string): string {
  return /^bearer +([^ ]+) *$/i.exec(authorization)?.[1] ?? "";
}

function tokenIn(part: string): string | undefined {
  const [name = "", ...value] = part.split("=");
  return decoded(name) === CONNECT_TOKEN_PARAMETER ? decoded(value.join("=")) : undefined;
}

function pair(part: string): { name: string; value: string } {
  const at = part.indexOf("=");
  return { name: at < 0 ? "" : trimmed(part.slice(0, at)), value: trimmed(part.slice(at + 1)) };
}

/** Without what browsers take for white space in cookies. More would make a name of ours of one that any page can set. */
function trimmed(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

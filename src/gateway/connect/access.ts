import type { IncomingMessage } from "node:http";
import type { Sandbox } from "../../api/sandbox.ts";
import type { SigningKey } from "../connect-tokens/keys.ts";
import { isRevoked } from "../connect-tokens/revocations.ts";
import { checkToken, type ConnectGrant } from "../connect-tokens/token.ts";
import { credentialOf, withoutToken } from "./credentials.ts";
import { isFromOwnPage } from "./own-page.ts";
import type { Refusal } from "./refusal.ts";

/** What becomes of a request: it goes on to the sandbox, is sent back for a cookie, or is refused. */
export type Verdict =
  | { to: "forward"; grant: ConnectGrant; target: string }
  | { to: "exchange"; grant: ConnectGrant; token: string; location: string }
  | { to: "refuse"; refusal: Refusal };

type Request = Pick<IncomingMessage, "method" | "headers" | "headersDistinct" | "url">;

/** Judges a request for a sandbox that came in at this host. Rejects only when `keyOf` does. */
export async function judge(
  request: Request,
  { sandbox, host }: { sandbox: Sandbox; host: string },
  keyOf: (id: string) => Promise<SigningKey | undefined>,
  now: Date,
): Promise<Verdict> {
  const { method, headers, headersDistinct, url = "" } = request;
  const isWebSocket = headers.upgrade?.toLowerCase() === "websocket";
  if (!url.startsWith("/") || !isFramed(headersDistinct)) return { to: "refuse", refusal: "malformed" };
  if (hostOf(headers.host) !== host) return { to: "refuse", refusal: "misdirected" };
  // It would read, and answer, what other programs of the sandbox are asked, long after its own token.
  if (headers["service-worker"] !== undefined) return { to: "refuse", refusal: "worker" };
  const credential = credentialOf(request);
  if (credential.from === "nowhere") return { to: "refuse", refusal: "unauthenticated" };
  const checked = await checkToken(credential.token, keyOf, now);
  if (!checked.ok && checked.why === "expired") return { to: "refuse", refusal: "expired" };
  if (!checked.ok || checked.grant.sandbox !== sandbox.metadata.uid || isRevoked(sandbox, checked.grant))
    return { to: "refuse", refusal: "unauthenticated" };
  const { grant } = checked;
  if (credential.from === "cookie" && !isFromOwnPage(request)) return { to: "refuse", refusal: "forbidden" };
  const { target } = withoutToken(url);
  if (credential.from === "parameter" && !isWebSocket && (method === "GET" || method === "HEAD"))
    return { to: "exchange", grant, token: credential.token, location: `https://${headers.host}${target}` };
  return { to: "forward", grant, target };
}

/** Whether there is one way only to tell where the body ends. */
function isFramed({
  "transfer-encoding": encoding,
  "content-length": length,
  host,
}: Request["headersDistinct"]): boolean {
  if (host?.length !== 1) return false;
  if (encoding === undefined) return length === undefined || (length.length === 1 && /^[0-9]+$/.test(length[0] ?? ""));
  return length === undefined && encoding.length === 1 && encoding[0]?.toLowerCase() === "chunked";
}

/** The host without its port, in lower case. */
function hostOf(header = ""): string | undefined {
  return /^([a-z0-9.-]+?)[.]?(:[0-9]{1,5})?$/i.exec(header)?.[1]?.toLowerCase();
}

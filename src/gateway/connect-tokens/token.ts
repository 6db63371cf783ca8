import { randomBytes } from "node:crypto";
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { connectTokenId } from "../../api/connect-token.ts";
import { port } from "../../api/schema/port.ts";
import type { SigningKey } from "./keys.ts";

/** What a connect token allows: requests to one port of one sandbox, until it expires. */
export interface ConnectGrant {
  id: string;
  /** The sandbox's uid. */
  sandbox: string;
  port: number;
  /** See `Revocations`. */
  round: string;
  /** Seconds since 1970. */
  expiresAt: number;
  userMetadata?: string;
}

export type CheckedToken = { ok: true; grant: ConnectGrant } | { ok: false; why: "expired" | "invalid" };

/** Tells a token of this kind from all others, in its header (RFC 8725, section 3.11). */
const type = "sandkeep-connect+jwt";
const algorithm = "HS256";

const claims = z.object({
  jti: connectTokenId,
  sub: z.string().min(1),
  exp: z.int(),
  port,
  round: z.string(),
  meta: z.string().exactOptional(),
});

/** An id for a token that expires then (seconds since 1970): one that is revoked need be remembered no longer. */
export function newTokenId(expiresAt: number): string {
  return `${expiresAt}-${randomBytes(12).toString("base64url")}`;
}

/** When the token of this id expires; seconds since 1970. */
export function expiryOf(id: string): number {
  return Number.parseInt(id, 10);
}

/** The token, a JWS in compact form. It can be read by everyone, and made with the key alone. */
export function signToken(grant: ConnectGrant, key: SigningKey): Promise<string> {
  const { id, sandbox, port, round, expiresAt, userMetadata } = grant;
  return new SignJWT({ port, round, ...(userMetadata !== undefined && { meta: userMetadata }) })
    .setProtectedHeader({ alg: algorithm, typ: type, kid: key.id })
    .setJti(id)
    .setSubject(sandbox)
    .setExpirationTime(expiresAt)
    .sign(key.secret);
}

/**
 * What a token allows, if one of these keys signed it and it has not expired; whether it was revoked is another matter.
 * Rejects only as `keyOf` does.
 */
export async function checkToken(
  token: string,
  keyOf: (id: string) => Promise<SigningKey | undefined>,
  now: Date,
): Promise<CheckedToken> {
  const id = isConnectToken(token) ? decodeProtectedHeader(token).kid : undefined;
  const key = id === undefined ? undefined : await keyOf(id);
  if (key === undefined) return { ok: false, why: "invalid" };
  try {
    const { payload } = await jwtVerify(token, key.secret, { algorithms: [algorithm], typ: type, currentDate: now });
    const parsed = claims.safeParse(payload);
    if (!parsed.success || expiryOf(parsed.data.jti) !== parsed.data.exp) return { ok: false, why: "invalid" };
    const { jti, sub, exp, port, round, meta } = parsed.data;
    const grant = { id: jti, sandbox: sub, port, round, expiresAt: exp };
    return { ok: true, grant: { ...grant, ...(meta !== undefined && { userMetadata: meta }) } };
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return { ok: false, why: error instanceof errors.JWTExpired ? "expired" : "invalid" };
  }
}

/** Whether the text has the form of a connect token, be it valid or not. */
export function isConnectToken(text: string): boolean {
  try {
    return decodeProtectedHeader(text).typ === type;
  } catch {
    return false;
  }
}

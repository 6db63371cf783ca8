import type { SigningKey } from "../../../../src/gateway/connect-tokens/keys.ts";
import { newTokenId, signToken, type ConnectGrant } from "../../../../src/gateway/connect-tokens/token.ts";

export const signingKey: SigningKey = { id: "key-1-00000000", createdAt: 1, secret: new Uint8Array(32).fill(7) };

/** Finds the key by which tokens of tests are signed. */
export const keyOf = (id: string): Promise<SigningKey | undefined> =>
  Promise.resolve(id === signingKey.id ? signingKey : undefined);

/** What a token of a test allows: requests to port 8080 of "uid-1", for an hour. */
export function aGrant(grant: Partial<ConnectGrant> = {}): ConnectGrant {
  const expiresAt = grant.expiresAt ?? Math.floor(Date.now() / 1000) + 3600;
  return { id: newTokenId(expiresAt), sandbox: "uid-1", port: 8080, round: "", expiresAt, ...grant };
}

/** A token that allows this. */
export function tokenFor(grant: Partial<ConnectGrant> = {}): Promise<string> {
  return signToken(aGrant(grant), signingKey);
}

import { randomBytes } from "node:crypto";
import { z } from "zod";
import { ANNOTATIONS } from "../../api/constants.ts";
import { connectTokenId } from "../../api/connect-token.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { expiryOf, type ConnectGrant } from "./token.ts";

/** More tokens than this are not revoked one by one; all of a sandbox's can be. */
export const MAX_REVOKED = 128;

/**
 * Which of a sandbox's connect tokens hold no longer, as an annotation of the sandbox: so every replica of the gateway
 * hears of it at once, it survives them all, and it goes with the sandbox.
 */
export interface Revocations {
  /** Tokens of other rounds are revoked. */
  round: string;
  /** Of this round, those with these ids. */
  ids: string[];
}

const schema = z.strictObject({ round: z.string().max(64), ids: z.array(connectTokenId).max(MAX_REVOKED) });

/** What is revoked of a sandbox's tokens; `undefined` when nobody can tell, and none holds. */
export function revocationsOf({ metadata }: Sandbox): Revocations | undefined {
  const text = metadata.annotations?.[ANNOTATIONS.revokedConnectTokens];
  if (text === undefined) return { round: "", ids: [] };
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the sandbox's token was revoked. */
export function isRevoked(sandbox: Sandbox, { id, round }: Pick<ConnectGrant, "id" | "round">): boolean {
  const revocations = revocationsOf(sandbox);
  return revocations === undefined || revocations.round !== round || revocations.ids.includes(id);
}

/** With one more revoked, and without those that have expired; `undefined` when these are too many. `now`: seconds since 1970. */
export function withRevoked({ round, ids }: Revocations, id: string, now: number): Revocations | undefined {
  const all = [...new Set([...ids, id])].filter((one) => expiryOf(one) > now);
  return all.length > MAX_REVOKED ? undefined : { round, ids: all };
}

/** With all revoked that were made so far. */
export function withAllRevoked(): Revocations {
  return { round: randomBytes(6).toString("base64url"), ids: [] };
}

/** The annotation that tells them. */
export function annotationOf(revocations: Revocations): Record<string, string> {
  return { [ANNOTATIONS.revokedConnectTokens]: JSON.stringify(revocations) };
}

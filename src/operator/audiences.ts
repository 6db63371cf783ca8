import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Kube } from "../kube/client.ts";
import { firstAnswer } from "../kube/first-answer.ts";
import type { Log } from "../log.ts";

/** The token of a Pod's service account, which is for the API server. */
const ownToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";

const unknownIssuer =
  "the API server does not tell its issuer, for which no sandbox must get an identity token: " +
  "bind the ClusterRole system:service-account-issuer-discovery to the operator's ServiceAccount, then restart the operator";

const discovery = z.object({ issuer: z.string().min(1) });
const claims = z.object({ aud: z.union([z.string(), z.array(z.string())]) });

/**
 * The audiences whose tokens the API server accepts: those that it gave the operator's own token, and its issuer, which is its
 * audience unless administrators have named others. `undefined` if it tells neither.
 */
export async function apiServerAudiences(
  kube: Pick<Kube, "getPath">,
  log: Log,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const found = [
    ...(await issuer(kube, log, signal)),
    ...audiencesOf(await readFile(ownToken, "utf8").catch(() => "")),
  ];
  return found.length === 0 ? undefined : new Set(found);
}

async function issuer(kube: Pick<Kube, "getPath">, log: Log, signal: AbortSignal): Promise<string[]> {
  const ask = () => kube.getPath("/.well-known/openid-configuration", { signal });
  const { success, data } = discovery.safeParse(await firstAnswer(ask, unknownIssuer, log, signal));
  return success ? [data.issuer] : [];
}

/** The audiences of a JSON Web Token; none if it is none. Its signature is not looked at. */
export function audiencesOf(token: string): string[] {
  const [, payload = ""] = token.trim().split(".");
  try {
    const { aud } = claims.parse(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
    return typeof aud === "string" ? [aud] : aud;
  } catch {
    return [];
  }
}

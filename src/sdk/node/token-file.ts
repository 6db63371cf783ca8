import { readFile } from "node:fs/promises";
import { misconfigured } from "./configuration-error.ts";
import { RenewedToken } from "./renewed-token.ts";

/** For how long a file is trusted to be unchanged: kubelets replace tokens long before they expire. */
const trustedMilliseconds = 10_000;

/** The token in a file, which may be replaced at any time. */
export function tokenFile(path: string): RenewedToken {
  return new RenewedToken(async () => {
    const token = await readToken(path);
    const renewAt = Date.now() + trustedMilliseconds;
    return { token, renewAt, expiresAt: renewAt };
  });
}

/** What the file has, without space around it. */
export async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    throw misconfigured(`Cannot read the token file ${path}: ${cause instanceof Error ? cause.message : ""}`, cause);
  }
}

import { sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What a service account's token says of whom it is for. */
export interface TokenClaims {
  namespace: string;
  account: string;
  /** The `metadata.uid` of the account. */
  uid: string;
  audience: string;
  /** Seconds from now at which it is over; negative: ago. */
  expiresIn: number;
}

/** A token as the API server of this local cluster issues them, signed by its own key: also one that it would not issue. */
export async function signedToken(kubeconfig: string, claims: TokenClaims): Promise<string> {
  const key = await readFile(join(dirname(kubeconfig), "pki/sa.key"));
  const expires = Math.floor(Date.now() / 1000) + claims.expiresIn;
  const payload = {
    iss: "https://kubernetes.default.svc.cluster.local",
    aud: [claims.audience],
    sub: `system:serviceaccount:${claims.namespace}:${claims.account}`,
    iat: expires - 3600,
    nbf: expires - 3600,
    exp: expires,
    "kubernetes.io": { namespace: claims.namespace, serviceaccount: { name: claims.account, uid: claims.uid } },
  };
  const signed = `${encoded({ alg: "ES256", typ: "JWT" })}.${encoded(payload)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

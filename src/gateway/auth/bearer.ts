import { SandkeepError } from "../../api/errors.ts";

// RFC 6750 b64token, which covers JWTs and every token that Kubernetes issues.
const pattern = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;
const maxLength = 16 << 10;

/** The token of an `Authorization` header; throws `unauthenticated` that says how to get one. */
export function bearerToken(header: string | undefined): string {
  if (header === undefined)
    throw unauthenticated(
      "Cannot authenticate: the request has no Authorization header. Send `Authorization: Bearer TOKEN`",
    );
  const token = header.length <= maxLength ? pattern.exec(header)?.[1] : undefined;
  if (token === undefined)
    throw unauthenticated("Cannot authenticate: the Authorization header is not of the form `Bearer TOKEN`");
  return token;
}

/** A 401 that never repeats the token. */
export function unauthenticated(message: string): SandkeepError {
  return new SandkeepError(
    "unauthenticated",
    "token",
    `${message}; \`kubectl create token SERVICE-ACCOUNT --audience sandkeep\` makes one`,
  );
}

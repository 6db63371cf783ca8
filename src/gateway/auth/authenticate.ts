import { hash } from "node:crypto";
import { TOKEN_AUDIENCE } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { Kube } from "../../kube/client.ts";
import { TOKEN_REVIEW } from "../../kube/objects.ts";
import { bearerToken, unauthenticated } from "./bearer.ts";
import { Recent } from "../../lib/recent.ts";

/** Who sends a request, as the API server knows them. */
export interface User {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** The audience of tokens meant for this server alone; `""` stands for the API server's own. */
const audiences = [TOKEN_AUDIENCE, ""];

/** Tokens under review at once: whoever reaches the port may make up any number of them. */
const maxReviews = 512;

/**
 * Turns an `Authorization` header into the user. Throws `unauthenticated`, or `resource_exhausted` while too many tokens
 * are being reviewed. An answer is up to 10 s old.
 */
export function authenticator(kube: Kube): (authorization: string | undefined) => Promise<User> {
  const recent = new Recent<User | "unknown">({ milliseconds: 10_000, max: 10_000 });
  let reviews = 0;
  const reviewInTurn = async (token: string): Promise<User | "unknown"> => {
    if (reviews >= maxReviews)
      throw new SandkeepError("resource_exhausted", "token", "Cannot authenticate: too many tokens are being reviewed");
    reviews += 1;
    try {
      return await review(kube, token);
    } finally {
      reviews -= 1;
    }
  };
  return async (authorization) => {
    const token = bearerToken(authorization);
    const user = await recent.get(hash("sha256", token, "base64"), () => reviewInTurn(token));
    if (user === "unknown")
      throw unauthenticated("Cannot authenticate: the token is expired, malformed or not of this cluster");
    return user;
  };
}

async function review(kube: Kube, token: string): Promise<User | "unknown"> {
  for (const audience of audiences) {
    const { status } = await kube.create(TOKEN_REVIEW, {
      metadata: { name: "" },
      spec: { token, ...(audience !== "" && { audiences: [audience] }) },
    });
    const { username, ...rest } = status?.user ?? {};
    if (status?.authenticated === true && username) return { username, ...rest };
  }
  return "unknown";
}

import { TOKEN_AUDIENCE } from "../../../api/constants.ts";
import { SandkeepError } from "../../errors.ts";
import { refused } from "../configuration-error.ts";
import { RenewedToken, type TimedToken } from "../renewed-token.ts";
import type { ApiServer } from "./api-server.ts";

/** A service account. */
export interface Account {
  namespace: string;
  name: string;
}

interface TokenRequest {
  status: { token: string; expirationTimestamp: string };
}

const lifetimeSeconds = 3600;

/**
 * The token that a kubeconfig gives for the gateway: the user's own, or where that has none, or acts as somebody else, one of
 * a service account, which is worth nothing to others. An account that was asked for explicitly is always used.
 */
export function gatewayToken(
  server: ApiServer,
  { account, explicit, impersonates }: { account: Account; explicit: boolean; impersonates: boolean },
): RenewedToken {
  return new RenewedToken(async () => {
    const { bearer } = await server.credentials();
    if (bearer === undefined || explicit || impersonates) return await requestToken(server, account);
    return { token: bearer.token, renewAt: bearer.expiresAt, expiresAt: bearer.expiresAt };
  });
}

async function requestToken(server: ApiServer, { namespace, name }: Account): Promise<TimedToken> {
  const asked = Date.now();
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`;
  const body = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [TOKEN_AUDIENCE], expirationSeconds: lifetimeSeconds },
  };
  try {
    const { status } = await server.json<TokenRequest>("POST", path, body);
    const expiresAt = Date.parse(status.expirationTimestamp);
    return { token: status.token, renewAt: asked + (expiresAt - asked) * 0.8, expiresAt };
  } catch (cause) {
    throw cause instanceof SandkeepError ? explained(cause, { namespace, name }) : cause;
  }
}

function explained(cause: SandkeepError, { namespace, name }: Account): SandkeepError {
  const action = `Cannot get a token for the gateway of the service account "${name}" in namespace "${namespace}"`;
  const choose = 'choose another in the option "serviceAccount" or SANDKEEP_SERVICE_ACCOUNT';
  const hint =
    cause.code === "permission_denied"
      ? `. Needed is the right to create serviceaccounts/token "${name}" there, or ${choose}`
      : cause.code === "not_found"
        ? `. Create it, or ${choose}`
        : "";
  return refused(cause.code, `${action}: ${cause.message}${hint}`, cause);
}

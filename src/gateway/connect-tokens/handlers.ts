import { SandkeepError } from "../../api/errors.ts";
import { MAX_CONNECT_TOKEN_SECONDS, type ConnectTokenView } from "../../api/connect-token.ts";
import type { connectTokenRoutes } from "../../api/routes/connect-tokens.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isConflict } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import type { Audit } from "../audit.ts";
import type { SandboxDirectory, SandboxName } from "../sandboxes/directory.ts";
import { targetOf } from "../sandboxes/targets.ts";
import type { Call, Handlers } from "../server/bind.ts";
import type { KeyRing } from "./key-ring.ts";
import {
  annotationOf,
  revocationsOf,
  withAllRevoked,
  withRevoked,
  MAX_REVOKED,
  type Revocations,
} from "./revocations.ts";
import { expiryOf, newTokenId, signToken, type ConnectGrant } from "./token.ts";

interface ConnectTokenAids {
  keys: Pick<KeyRing, "signing">;
  /** Where requests to a sandbox go; `undefined` where there is no such place. */
  urlOf: (sandbox: Sandbox) => string | undefined;
  audit: Audit;
}

/** As a cookie it has to stay below 4,096 octets, its name included (RFC 6265, section 6.1). */
const maxTokenLength = 4000;

/** By which the clocks of the gateway's replicas may differ. */
const clockSeconds = 300;

/** How often the sandbox may change between reading and writing it. */
const attempts = 5;

/** Connect tokens of sandboxes. They are stored nowhere; those that were revoked are noted at their sandbox. */
export function connectTokenHandlers(
  directory: SandboxDirectory,
  kube: Kube,
  { keys, urlOf, audit }: ConnectTokenAids,
): Pick<Handlers, keyof typeof connectTokenRoutes> {
  const create = async (call: Call<"createConnectToken">, id: string): Promise<ConnectTokenView> => {
    const { body, query, signal } = call;
    const name = nameOf(call);
    await targetOf(directory, name, "write", query.startTimeoutSeconds, signal);
    // The round that holds is the API server's: this replica may not have heard of the last one yet.
    const sandbox = await directory.fresh(name, signal);
    const url = reachable(sandbox, urlOf);
    const { round } = readable(sandbox);
    const expiresAt = Number.parseInt(id, 10);
    const grant: ConnectGrant = {
      id,
      sandbox: sandbox.metadata.uid ?? "",
      port: body.port,
      round,
      expiresAt,
      ...(body.userMetadata !== undefined && { userMetadata: body.userMetadata }),
    };
    const token = await signToken(grant, await keys.signing(signal));
    if (token.length > maxTokenLength)
      throw refused(
        sandbox,
        "invalid_argument",
        "userMetadata is too long for a cookie: quotes and backslashes count twice",
      );
    return { id, url, token, expiresAt: new Date(expiresAt * 1000).toISOString() };
  };

  const change = async (name: SandboxName, next: (sandbox: Sandbox) => Revocations, signal: AbortSignal) => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const sandbox = await directory.fresh(name, signal);
      const { uid, resourceVersion } = sandbox.metadata;
      const patch = { metadata: { uid, resourceVersion, annotations: annotationOf(next(sandbox)) } };
      try {
        return directory.learn(await kube.mergePatch(SANDBOX, name, patch, { signal }));
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    throw new SandkeepError(
      "conflict",
      "sandbox",
      `Cannot revoke connect tokens of sandbox "${name.namespace}/${name.name}": others change it; try again`,
    );
  };

  return {
    createConnectToken(call) {
      const id = newTokenId(Math.floor(Date.now() / 1000) + call.body.expiresInSeconds);
      return audit.connectToken(call, { tokenId: id, port: call.body.port }, create(call, id));
    },

    revokeConnectToken(call) {
      const { token } = call.params;
      const revoking = change(nameOf(call), (sandbox) => withOneRevoked(sandbox, token), call.signal);
      return audit.connectToken(call, { tokenId: token }, revoking);
    },

    revokeConnectTokens: (call) => audit.connectToken(call, {}, change(nameOf(call), withAllRevoked, call.signal)),
  };
}

/** What is revoked once this token is, too. */
function withOneRevoked(sandbox: Sandbox, id: string): Revocations {
  const now = Math.floor(Date.now() / 1000);
  if (expiryOf(id) > now + MAX_CONNECT_TOKEN_SECONDS + clockSeconds)
    throw refused(sandbox, "invalid_argument", `no token holds for as long as "${id}" says`);
  const revocations = withRevoked(readable(sandbox), id, now);
  if (revocations !== undefined) return revocations;
  const why = `${MAX_REVOKED} of its tokens are revoked already and have not expired; revoke all of them at once with DELETE …/connect-tokens`;
  throw refused(sandbox, "failed_precondition", why);
}

function reachable(sandbox: Sandbox, urlOf: ConnectTokenAids["urlOf"]): string {
  if (sandbox.spec.network?.block === true)
    throw refused(sandbox, "failed_precondition", "spec.network.block keeps everybody out of it");
  const url = urlOf(sandbox);
  if (url !== undefined) return url;
  const why = "the gateway serves no tunnels. Administrators set tunnels.domain in the chart";
  throw refused(sandbox, "not_supported", why);
}

function readable(sandbox: Sandbox): Revocations {
  const revocations = revocationsOf(sandbox);
  if (revocations !== undefined) return revocations;
  const why =
    "its annotation of revoked tokens cannot be read, so that none holds; DELETE …/connect-tokens begins anew";
  throw refused(sandbox, "failed_precondition", why);
}

function refused(
  { metadata }: Sandbox,
  code: "invalid_argument" | "failed_precondition" | "not_supported",
  why: string,
): SandkeepError {
  const message = `Cannot make or revoke connect tokens of sandbox "${metadata.namespace}/${metadata.name}": ${why}`;
  return new SandkeepError(code, "token", message);
}

function nameOf({ params }: { params: { namespace: string; id: string } }): SandboxName {
  return { namespace: params.namespace, name: params.id };
}

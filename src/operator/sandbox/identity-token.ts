import { IDENTITY_TOKEN_DIRECTORY, IDENTITY_TOKEN_FILE, TOKEN_AUDIENCE } from "../../api/constants.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";
import type { Container, Volume } from "../../kube/objects.ts";

/** The parts of a Pod that give its sandbox an identity token. */
export interface IdentityParts {
  volumes: Volume[];
  mounts: NonNullable<Container["volumeMounts"]>;
  /** Where the token is; the token itself stands in no Pod. */
  env: NonNullable<Container["env"]>;
}

const volume = "sandkeep-identity";

/** The token that the sandbox asks for, as a file that the kubelet renews. */
export function identityPartsFor({ identityToken, env = [] }: SandboxSpec): IdentityParts {
  if (identityToken === undefined) return { volumes: [], mounts: [], env: [] };
  const { audience, expirationSeconds, envName } = identityToken;
  const name = `${envName}_FILE`;
  return {
    volumes: [
      {
        name: volume,
        projected: { sources: [{ serviceAccountToken: { audience, expirationSeconds, path: "token" } }] },
      },
    ],
    mounts: [{ name: volume, mountPath: IDENTITY_TOKEN_DIRECTORY, readOnly: true }],
    env: env.some((variable) => variable.name === name) ? [] : [{ name, value: IDENTITY_TOKEN_FILE }],
  };
}

/** What the agent puts into the environment of the processes it starts. */
export function identityConfigFor({ identityToken }: SandboxSpec): { variable: string; file: string } | undefined {
  return identityToken && { variable: identityToken.envName, file: IDENTITY_TOKEN_FILE };
}

/**
 * Why the sandbox may have no token for that audience; `undefined` if it may. A token that the API server or the gateway takes
 * would let code in the sandbox act in the cluster. `reserved`: the API server's audiences, if they are known.
 */
export function audienceObjection(
  { identityToken }: SandboxSpec,
  reserved: ReadonlySet<string> | undefined,
): string | undefined {
  if (identityToken === undefined) return undefined;
  const { audience } = identityToken;
  const instead = "Name the service that shall accept the token.";
  if (audience === TOKEN_AUDIENCE) return `spec.identityToken.audience "${audience}" is Sandkeep's gateway. ${instead}`;
  if (reserved === undefined) {
    return "spec.identityToken cannot be given: the operator does not know the API server's audiences, for which there must be no token.";
  }
  if (reserved.has(audience)) return `spec.identityToken.audience "${audience}" is the API server's own. ${instead}`;
  return undefined;
}

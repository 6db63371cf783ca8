import { SandkeepError } from "../../api/errors.ts";
import type { Kube } from "../../kube/client.ts";
import type { Secret } from "../../kube/objects.ts";
import { credentialsFor, DOCKER_CONFIG_TYPE, dockerConfigFor, type Credentials } from "../../registry/credentials.ts";
import { parseReference, type ImageReference } from "../../registry/reference.ts";
import { readSecret, type Refuse } from "../secrets/read.ts";

interface SecretName {
  namespace: string;
  name: string;
}

/** What a Secret says that shall log in to a registry, for a user who may get it. Throws what `readSecret` does. */
export async function readLogin(kube: Kube, name: SecretName, signal: AbortSignal): Promise<Secret> {
  return await readSecret(kube, name, refusalOf(name), signal);
}

/** The credentials for an image's registry. Throws `invalid_argument` if there are none. */
export function credentialsOf({ data = {} }: Secret, name: SecretName, { host }: ImageReference): Credentials {
  const found = credentialsFor(host, data);
  if (found !== undefined) return found;
  const why = `it has neither a login for ${host} nor REGISTRY_USERNAME and REGISTRY_PASSWORD`;
  throw refusalOf(name)("invalid_argument", why);
}

/** How nodes log in for an image: with a Secret that is there, or with a Docker configuration that none holds yet. */
export type NodeLogin = { secretName: string } | { dockerConfig: string };

/** Types of Secrets that nodes take as they are. */
const nodeTypes = [DOCKER_CONFIG_TYPE, "kubernetes.io/dockercfg"];

/**
 * How nodes log in with a Secret. Where the gateway may read none, it is taken for one that nodes take as it is. Throws
 * `not_found`, and `invalid_argument` if it has no credentials for the image's registry.
 */
export async function nodeLogin(kube: Kube, name: SecretName, image: string, signal: AbortSignal): Promise<NodeLogin> {
  try {
    const secret = await readLogin(kube, name, signal);
    if (nodeTypes.includes(secret.type ?? "")) return { secretName: name.name };
    const reference = parseReference(image);
    return { dockerConfig: dockerConfigFor(reference.host, credentialsOf(secret, name, reference)) };
  } catch (error) {
    if (error instanceof SandkeepError && error.code === "not_supported") return { secretName: name.name };
    throw error;
  }
}

function refusalOf({ namespace, name }: SecretName): Refuse {
  return (code, why) =>
    new SandkeepError(code, "secret", `Cannot log in with the Secret "${namespace}/${name}": ${why}`);
}

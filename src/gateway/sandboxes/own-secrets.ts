import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { API_VERSION, FIELD_MANAGER, LABELS } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isAlreadyExists, isForbidden } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import type { NodeLogin } from "../images/login.ts";
import { DOCKER_CONFIG_TYPE } from "../../registry/credentials.ts";
import { SECRET, type Secret } from "../../kube/objects.ts";

/** What Secrets of a sandbox's own are for: variables of its processes, and the login to its image's registry. */
type Purpose = "env" | "pull";

const types: Record<Purpose, string> = { env: "Opaque", pull: DOCKER_CONFIG_TYPE };

/** What has to be stored for a sandbox that is created with these. */
export function ownSecrets(
  values: Readonly<Record<string, string>> | undefined,
  login: NodeLogin | undefined,
): { purpose: Purpose; entries: Readonly<Record<string, string>> }[] {
  return [
    ...(values ? [{ purpose: "env", entries: values } as const] : []),
    ...(login && "dockerConfig" in login
      ? [{ purpose: "pull", entries: { ".dockerconfigjson": login.dockerConfig } } as const]
      : []),
  ];
}

/**
 * The name of a Secret for a new sandbox. Nobody can guess it: a sandbox names its Secret before that is there, and would
 * start with another's of the same name.
 */
export function ownSecretName(id: string, purpose: Purpose): string {
  return `${id}-${purpose}-${randomBytes(8).toString("hex")}`;
}

/** The name of the Secret that a sandbox was created with for this: the last that it names. */
export function ownSecretOf({ spec }: Sandbox, purpose: Purpose): string {
  return (purpose === "env" ? spec.envFrom?.at(-1)?.secretRef?.name : spec.imagePullSecrets?.at(-1)?.name) ?? "";
}

/** A sandbox, and whether it was created by this very request. */
interface Creation {
  sandbox: Sandbox;
  created: boolean;
}

/**
 * Stores the entries in the Secret that the sandbox names for this, which goes with the sandbox. Where that fails, a sandbox
 * that this request has created goes too: it would wait for its Secret in vain. Whether the client is still there does not
 * matter.
 */
export async function storeOwnSecret(
  kube: Kube,
  { sandbox, created }: Creation,
  purpose: Purpose,
  entries: Readonly<Record<string, string>>,
): Promise<void> {
  const secret = ownSecret(sandbox, purpose, entries);
  try {
    await kube.create(SECRET, secret);
  } catch (error) {
    // Of several requests under one key any may be the first to make it.
    if (isAlreadyExists(error) && (!created || (await isStored(kube, secret)))) return;
    const { namespace = "", name, uid = "" } = sandbox.metadata;
    if (created) await kube.delete(SANDBOX, { namespace, name }, { uid });
    throw isForbidden(error) && /\bUser "[^"]*" cannot create\b/.test(String(error)) ? notAllowed(error) : error;
  }
}

/** Whether the Secret is there as it was to be. Where the gateway may read none, one of that name is taken for it. */
async function isStored(kube: Kube, { metadata, data }: Secret): Promise<boolean> {
  const { name, namespace = "" } = metadata;
  try {
    const there = await kube.get(SECRET, { namespace, name });
    const isOwned = there.metadata.ownerReferences?.[0]?.uid === metadata.ownerReferences?.[0]?.uid;
    return isOwned && isDeepStrictEqual(there.data, data);
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}

/** The Secret of a stored sandbox. */
export function ownSecret(sandbox: Sandbox, purpose: Purpose, entries: Readonly<Record<string, string>>): Secret {
  const { metadata } = sandbox;
  const data = Object.entries(entries).map(([name, value]) => [name, Buffer.from(value).toString("base64")]);
  return {
    metadata: {
      name: ownSecretOf(sandbox, purpose),
      namespace: metadata.namespace ?? "",
      labels: { [LABELS.managedBy]: FIELD_MANAGER, [LABELS.sandbox]: metadata.name },
      ownerReferences: [{ apiVersion: API_VERSION, kind: "Sandbox", name: metadata.name, uid: metadata.uid ?? "" }],
    },
    type: types[purpose],
    immutable: true,
    data: Object.fromEntries(data) as Record<string, string>,
  };
}

function notAllowed(cause: unknown): SandkeepError {
  return new SandkeepError(
    "not_supported",
    "secret",
    "Cannot store a Secret of the sandbox's own: the gateway's own account may create no Secrets. Administrators set gateway.sandboxSecrets " +
      "in the chart, or grant create on secrets in this namespace to the ServiceAccount sandkeep-gateway",
    { cause },
  );
}

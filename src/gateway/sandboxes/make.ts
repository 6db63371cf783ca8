import { ANNOTATIONS } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isAlreadyExists } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import type { Audit } from "../audit.ts";
import { nodeLogin, type NodeLogin } from "../images/login.ts";
import type { Call, Guard } from "../server/bind.ts";
import type { ClassCheck } from "./class-check.ts";
import { idempotencyKey, isFromSameRequest, sandboxFor } from "./create.ts";
import type { SandboxDirectory } from "./directory.ts";
import { hasReached } from "./life.ts";
import type { NamedCreation, SandboxNames } from "./names.ts";
import { ownSecretOf, ownSecrets, storeOwnSecret } from "./own-secrets.ts";
import { secretNames } from "./secrets.ts";

/** Stores the sandbox that a request asks for, and its Secrets. Throws why it cannot be. */
export type MakeSandbox = (call: Call<"createSandbox">) => Promise<NamedCreation>;

interface MakerAids {
  names: SandboxNames;
  authorise: Guard["authorise"];
  audit: Audit;
  checkClass: ClassCheck;
}

type OwnSecrets = ReturnType<typeof ownSecrets>;

const secrets = { group: "", version: "v1", resource: "secrets" } as const;

/** Makes sandboxes. What was made under an `Idempotency-Key` is the answer to it, whatever stands against another by now. */
export function sandboxMaker(
  directory: SandboxDirectory,
  kube: Kube,
  { names, authorise, audit, checkClass }: MakerAids,
): MakeSandbox {
  const loginOf = async (call: Call<"createSandbox">): Promise<NodeLogin | undefined> => {
    const { imageSecret, spec } = call.body;
    if (imageSecret === undefined) return undefined;
    if (spec.image === undefined)
      throw new SandkeepError("invalid_argument", "request", "imageSecret needs spec.image, whose registry it is for");
    const name = { namespace: call.params.namespace, name: imageSecret };
    return await audit.secret(call, imageSecret, nodeLogin(kube, name, spec.image, call.signal));
  };

  const mayStore = async (own: OwnSecrets, { user, params: { namespace } }: Call<"createSandbox">): Promise<void> => {
    if (own.length > 0) await authorise(user, { ...secrets, verb: "create", namespace });
  };

  const create = async (call: Call<"createSandbox">, key: string | undefined) => {
    const { query, body, signal } = call;
    const login = await loginOf(call);
    const own = ownSecrets(body.secretValues, login);
    await mayStore(own, call);
    const wanted = wantedBy(call, key, login);
    // Throws before there is a sandbox if it can never come so far.
    if (query.wait !== undefined) hasReached(wanted, query.wait, new Date());
    await refuseTakenName(directory, names, wanted, signal);
    await checkClass(wanted, signal);
    return { creation: await createOnce(kube, directory, wanted, signal), own };
  };

  const madeBefore = async (call: Call<"createSandbox">, key: string | undefined, refusal: unknown) => {
    if (key === undefined) throw refusal;
    const wanted = wantedBy(call, key);
    const { name, namespace = "" } = wanted.metadata;
    const sandbox = await directory.fresh({ namespace, name }, call.signal).catch(() => {
      throw refusal;
    });
    if (!isFromSameRequest(sandbox, wanted)) throw refusal;
    const own = ownSecrets(call.body.secretValues, undefined);
    await mayStore(own, call);
    return { creation: { sandbox, created: false }, own };
  };

  return async (call) => {
    const { params, body, user, request } = call;
    for (const name of secretNames(body))
      await authorise(user, { ...secrets, verb: "get", namespace: params.namespace, name });
    const key = idempotencyKey(request.headers["idempotency-key"]);
    const { creation, own } = await create(call, key).catch((refusal: unknown) => madeBefore(call, key, refusal));
    for (const { purpose, entries } of own) {
      const storing = storeOwnSecret(kube, creation, purpose, entries);
      await audit.secret(call, ownSecretOf(creation.sandbox, purpose), storing);
    }
    return creation;
  };
}

function wantedBy(
  { body, params: { namespace }, user: { username } }: Call<"createSandbox">,
  key: string | undefined,
  login?: NodeLogin,
): Sandbox {
  const keyed = key !== undefined && { idempotencyKey: key };
  return sandboxFor(body, { namespace, username, ...keyed, ...(login && { login }) });
}

/** Spares making what would only be told that its name is taken. Of those that only want it the operator picks one. */
async function refuseTakenName(
  directory: SandboxDirectory,
  names: SandboxNames,
  wanted: Sandbox,
  signal: AbortSignal,
): Promise<void> {
  const { app, name } = wanted.spec;
  const { namespace = "" } = wanted.metadata;
  if (name === undefined) return;
  const holder = await directory.named(namespace, { app, name }, signal);
  if (holder === undefined || !names.isHolder(holder) || isFromSameRequest(holder, wanted)) return;
  throw new SandkeepError(
    "already_exists",
    "sandbox",
    `Name "${name}" is taken by the sandbox "${namespace}/${holder.metadata.name}" of app "${app}"`,
  );
}

async function createOnce(
  kube: Kube,
  directory: SandboxDirectory,
  wanted: Sandbox,
  signal: AbortSignal,
): Promise<NamedCreation> {
  try {
    return { sandbox: await kube.create(SANDBOX, wanted, { signal }), created: true };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { name, namespace = "" } = wanted.metadata;
    const stored = await directory.fresh({ namespace, name }, signal);
    if (isFromSameRequest(stored, wanted)) return { sandbox: stored, created: false };
    if (wanted.metadata.annotations?.[ANNOTATIONS.requestHash] === undefined)
      throw new SandkeepError("already_exists", "sandbox", `There is a sandbox "${namespace}/${name}" already`, {
        cause: error,
      });
    throw new SandkeepError(
      "conflict",
      "sandbox",
      `Cannot create sandbox "${namespace}/${name}": another request was made with this Idempotency-Key before`,
      { cause: error },
    );
  }
}

import { ANNOTATIONS } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { sandboxRoutes } from "../../api/routes/sandboxes.ts";
import { sandboxView, type SandboxView } from "../../api/sandbox-http.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import { isAlreadyExists } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import type { Audit } from "../audit.ts";
import { nodeLogin, type NodeLogin } from "../images/login.ts";
import type { Call, Guard, Handlers } from "../server/bind.ts";
import type { ClassCheck } from "./class-check.ts";
import { idempotencyKey, isFromSameRequest, sandboxFor } from "./create.ts";
import { deadline } from "./deadline.ts";
import type { SandboxDirectory, SandboxName } from "./directory.ts";
import { hasReached, isFinished, type Milestone } from "./life.ts";
import type { LifeCheck } from "./life-check.ts";
import type { SandboxNames } from "./names.ts";
import { pageOf } from "./page.ts";
import { patchSandbox } from "./patch.ts";
import { terminate } from "./terminate.ts";
import { ownSecretOf, ownSecrets, storeOwnSecret } from "./own-secrets.ts";
import { secretNames } from "./secrets.ts";

type SandboxRoute = Exclude<keyof typeof sandboxRoutes, "watchSandboxes">;

const secrets = { group: "", version: "v1", resource: "secrets" } as const;

interface SandboxAids {
  names: SandboxNames;
  authorise: Guard["authorise"];
  audit: Audit;
  checkClass: ClassCheck;
  checkLife: LifeCheck;
  /** Told of each sandbox whose end was just asked for. */
  hasten: (sandbox: Sandbox) => void;
}

/** The life of sandboxes. The gateway writes only what a user with the same rights could write with kubectl. */
export function sandboxHandlers(
  directory: SandboxDirectory,
  kube: Kube,
  { names, authorise, audit, checkClass, checkLife, hasten }: SandboxAids,
): Pick<Handlers, SandboxRoute> {
  const viewOnce = async (
    name: SandboxName & { uid?: string | undefined },
    milestone: Milestone | undefined,
    seconds: number,
    signal: AbortSignal,
  ): Promise<SandboxView> => {
    if (milestone === undefined) return sandboxView(await directory.find(name, signal));
    const late = () => tooLate(name, milestone, seconds);
    // The store may still show an earlier sandbox of that name.
    const isMeant = ({ metadata }: Sandbox) => name.uid === undefined || metadata.uid === name.uid;
    const reached = (sandbox: Sandbox) => isMeant(sandbox) && hasReached(sandbox, milestone, new Date());
    return sandboxView(await deadline(seconds, signal, late, (within) => directory.until(name, reached, within)));
  };

  const loginOf = async (call: Call<"createSandbox">): Promise<NodeLogin | undefined> => {
    const { imageSecret, spec } = call.body;
    if (imageSecret === undefined) return undefined;
    if (spec.image === undefined)
      throw new SandkeepError("invalid_argument", "request", "imageSecret needs spec.image, whose registry it is for");
    const name = { namespace: call.params.namespace, name: imageSecret };
    return await audit.secret(call, imageSecret, nodeLogin(kube, name, spec.image, call.signal));
  };

  return {
    async createSandbox(call) {
      const { params, query, body, user, request, signal } = call;
      const { namespace } = params;
      for (const name of secretNames(body)) await authorise(user, { ...secrets, verb: "get", namespace, name });
      const login = await loginOf(call);
      const own = ownSecrets(body.secretValues, login);
      if (own.length > 0) await authorise(user, { ...secrets, verb: "create", namespace });
      const key = idempotencyKey(request.headers["idempotency-key"]);
      const wanted = sandboxFor(body, {
        namespace,
        username: user.username,
        ...(key !== undefined && { idempotencyKey: key }),
        ...(login && { login }),
      });
      // Throws before there is a sandbox if it can never come so far.
      if (query.wait !== undefined) hasReached(wanted, query.wait, new Date());
      await refuseTakenName(directory, names, wanted, signal);
      await checkClass(wanted, signal);
      const creation = await createOnce(kube, directory, wanted, signal);
      const { sandbox } = creation;
      for (const { purpose, entries } of own) {
        const storing = storeOwnSecret(kube, creation, purpose, entries);
        await audit.secret(call, ownSecretOf(sandbox, purpose), storing);
      }
      await names.confirm(creation);
      if (query.wait === undefined) return sandboxView(sandbox);
      const { name, uid } = sandbox.metadata;
      return await viewOnce({ namespace, name, uid }, query.wait, query.timeoutSeconds, signal);
    },

    async listSandboxes({ params, query, signal }) {
      const { items, ...rest } = pageOf(await directory.inNamespace(params.namespace, signal), query);
      return { items: items.map(sandboxView), ...rest };
    },

    getSandbox: ({ params, query, signal }) => viewOnce(nameOf(params), query.wait, query.timeoutSeconds, signal),

    async patchSandbox({ params, body, signal }) {
      const { timeoutSeconds } = body.spec;
      if (timeoutSeconds !== undefined) {
        const sandbox = await directory.find(nameOf(params), signal);
        await checkLife(sandbox, timeoutSeconds, signal);
      }
      const patched = await patchSandbox(kube, directory, nameOf(params), body, signal);
      if (body.spec.desiredState === "Terminated" && !isFinished(patched)) hasten(patched);
      return sandboxView(patched);
    },

    async terminateSandbox({ params, query, signal }) {
      const name = nameOf(params);
      const sandbox = await terminate(kube, directory, name, signal);
      if (!isFinished(sandbox)) hasten(sandbox);
      if (!query.wait) return sandboxView(sandbox);
      return await viewOnce(name, "finished", query.timeoutSeconds, signal);
    },

    async deleteSandbox({ params, signal }) {
      const { metadata } = await directory.fresh(nameOf(params), signal);
      await kube.delete(SANDBOX, nameOf(params), { ...(metadata.uid && { uid: metadata.uid }), signal });
    },
  };
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
): Promise<{ sandbox: Sandbox; created: boolean }> {
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

function tooLate({ namespace, name }: SandboxName, milestone: Milestone, seconds: number): SandkeepError {
  return new SandkeepError(
    "deadline_exceeded",
    "sandbox",
    `Sandbox "${namespace}/${name}" is not ${milestone} after ${seconds} s`,
  );
}

function nameOf({ namespace, id }: Call<"getSandbox">["params"]): SandboxName {
  return { namespace, name: id };
}

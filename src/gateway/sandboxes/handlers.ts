import { SandkeepError } from "../../api/errors.ts";
import type { sandboxRoutes } from "../../api/routes/sandboxes.ts";
import { sandboxView, type SandboxView } from "../../api/sandbox-http.ts";
import { SANDBOX, type Sandbox } from "../../api/sandbox.ts";
import type { Kube } from "../../kube/client.ts";
import type { Call, Handlers } from "../server/bind.ts";
import { deadline } from "./deadline.ts";
import type { SandboxDirectory, SandboxName } from "./directory.ts";
import { hasReached, isFinished, type Milestone } from "./life.ts";
import type { LifeCheck } from "./life-check.ts";
import type { MakeSandbox } from "./make.ts";
import type { NetworkCheck } from "./network-check.ts";
import type { SandboxNames } from "./names.ts";
import { pageOf } from "./page.ts";
import { patchSandbox } from "./patch.ts";
import { terminate } from "./terminate.ts";

type SandboxRoute = Exclude<keyof typeof sandboxRoutes, "watchSandboxes">;

interface SandboxAids {
  make: MakeSandbox;
  names: Pick<SandboxNames, "confirm">;
  checkLife: LifeCheck;
  checkNetwork: NetworkCheck;
  /** Told of each sandbox whose end was just asked for. */
  hasten: (sandbox: Sandbox) => void;
}

/** The life of sandboxes. The gateway writes only what a user with the same rights could write with kubectl. */
export function sandboxHandlers(
  directory: SandboxDirectory,
  kube: Kube,
  { make, names, checkLife, checkNetwork, hasten }: SandboxAids,
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

  return {
    async createSandbox(call) {
      const creation = await make(call);
      await names.confirm(creation);
      const { params, query, signal } = call;
      if (query.wait === undefined) return sandboxView(creation.sandbox);
      const { name, uid } = creation.sandbox.metadata;
      return await viewOnce({ namespace: params.namespace, name, uid }, query.wait, query.timeoutSeconds, signal);
    },

    async listSandboxes({ params, query, signal }) {
      const { items, ...rest } = pageOf(await directory.inNamespace(params.namespace, signal), query);
      return { items: items.map(sandboxView), ...rest };
    },

    getSandbox: ({ params, query, signal }) => viewOnce(nameOf(params), query.wait, query.timeoutSeconds, signal),

    async patchSandbox({ params, body, user, signal }) {
      const { timeoutSeconds, network } = body.spec;
      if (network) {
        const sandbox = await directory.find(nameOf(params), signal);
        await checkNetwork(sandbox, network, user, signal);
      }
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

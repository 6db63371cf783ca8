import { appView } from "../../api/app-http.ts";
import { API_VERSION } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import { subjects } from "../../api/route.ts";
import type { appRoutes } from "../../api/routes/apps.ts";
import { SANDBOX_APP, type SandboxApp } from "../../api/sandbox-app.ts";
import { sandboxView } from "../../api/sandbox-http.ts";
import type { Kube, ObjectName } from "../../kube/client.ts";
import { getIfThere, getOrCreate } from "../objects/get-or-create.ts";
import type { SandboxDirectory } from "../sandboxes/directory.ts";
import type { Call, Guard, Handlers } from "../server/bind.ts";
import { sendJson } from "../server/json.ts";

/** Apps, which are `SandboxApp` objects, and the sandboxes that are known by a name in one. */
export function appHandlers(
  kube: Kube,
  directory: SandboxDirectory,
  authorise: Guard["authorise"],
): Pick<Handlers, keyof typeof appRoutes> {
  const find = async (name: ObjectName, signal: AbortSignal): Promise<SandboxApp> => {
    const app = await getIfThere(kube, SANDBOX_APP, name, signal);
    if (app === undefined) throw missing(name);
    return app;
  };

  return {
    async listApps({ params: { namespace }, query: { limit, cursor = "" }, signal }) {
      const page = await kube.list(SANDBOX_APP, { namespace, limit, continue: cursor, signal });
      return { items: page.items.map(appView), ...(page.continue && { cursor: page.continue }) };
    },

    getApp: async ({ params, signal }) => appView(await find(nameOf(params), signal)),

    async putApp({ params, body: { spec }, user, response, signal }) {
      const { namespace, app: name } = params;
      const make = async (): Promise<SandboxApp> => {
        const { group, version } = subjects.sandboxapps;
        await authorise(user, { verb: "create", group, version, resource: "sandboxapps", namespace, name });
        return { apiVersion: API_VERSION, kind: "SandboxApp", metadata: { namespace, name }, spec };
      };
      const { object, created } = await getOrCreate(kube, SANDBOX_APP, { namespace, name }, make, signal);
      sendJson(response, created ? 201 : 200, appView(object));
    },

    async deleteApp({ params, signal }) {
      const { metadata } = await find(nameOf(params), signal);
      await kube.delete(SANDBOX_APP, nameOf(params), { ...(metadata.uid && { uid: metadata.uid }), signal });
    },

    async getNamedSandbox({ params: { namespace, app, name }, signal }) {
      const sandbox = await directory.named(namespace, { app, name }, signal);
      if (sandbox !== undefined) return sandboxView(sandbox);
      throw new SandkeepError("not_found", "sandbox", `Sandbox with name '${name}' not found in App '${app}'`);
    },
  };
}

function nameOf({ namespace, app }: Call<"getApp">["params"]): ObjectName {
  return { namespace, name: app };
}

function missing({ namespace, name }: ObjectName): SandkeepError {
  return new SandkeepError("not_found", "app", `There is no app "${namespace}/${name}"`);
}

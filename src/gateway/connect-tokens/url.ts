import { classNameOf } from "../../api/class/name.ts";
import { tunnelTerms } from "../../api/class/tunnels.ts";
import type { SandboxApp } from "../../api/sandbox-app.ts";
import type { SandboxClass } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Config } from "../../config.ts";
import { connectHost } from "../../lib/tunnel-host.ts";
import { keyOf } from "../../runtime/key.ts";
import type { Store } from "../../runtime/store.ts";

interface Stores {
  classes: { store: Pick<Store<SandboxClass>, "get"> };
  apps: { store: Pick<Store<SandboxApp>, "get"> };
}

/** Tells where requests with connect tokens go to a sandbox; `undefined` where the gateway does not listen for them. */
export function connectUrls(
  { port, reached }: Pick<Config["tunnels"], "port" | "reached">,
  { classes, apps }: Stores,
): (sandbox: Sandbox) => string | undefined {
  if (port === undefined) return () => undefined;
  return (sandbox) => {
    const { namespace = "", uid = "" } = sandbox.metadata;
    const app = apps.store.get(keyOf({ namespace, name: sandbox.spec.app }));
    const sandboxClass = classes.store.get(classNameOf({ sandbox, ...(app && { app }) }));
    const { connectDomain } = tunnelTerms(sandbox.spec, sandboxClass?.spec ?? {}, reached.domain);
    const host = connectHost(uid, connectDomain.toLowerCase());
    return reached.port === 443 ? `https://${host}` : `https://${host}:${reached.port}`;
  };
}

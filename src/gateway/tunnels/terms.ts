import { classNameOf } from "../../api/class/name.ts";
import { tunnelTerms, type TunnelTerms } from "../../api/class/tunnels.ts";
import type { SandboxApp } from "../../api/sandbox-app.ts";
import type { SandboxClass } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { keyOf } from "../../runtime/key.ts";
import type { Store } from "../../runtime/store.ts";

interface Stores {
  classes: { store: Pick<Store<SandboxClass>, "get"> };
  apps: { store: Pick<Store<SandboxApp>, "get"> };
}

/** Tells where a sandbox is reached, by its class as it is now; `domain` is the gateway's own. */
export function termsIn({ classes, apps }: Stores, domain: string): (sandbox: Sandbox) => TunnelTerms {
  return (sandbox) => {
    const { namespace = "" } = sandbox.metadata;
    const app = apps.store.get(keyOf({ namespace, name: sandbox.spec.app }));
    const sandboxClass = classes.store.get(classNameOf({ sandbox, ...(app && { app }) }));
    return tunnelTerms(sandbox.spec, sandboxClass?.spec ?? {}, domain);
  };
}

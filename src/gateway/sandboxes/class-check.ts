import { classNameOf } from "../../api/class/name.ts";
import { type Objection, objectionTo } from "../../api/class/objection.ts";
import { type ErrorCode, SandkeepError } from "../../api/errors.ts";
import { SANDBOX_APP, type SandboxApp } from "../../api/sandbox-app.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Kube } from "../../kube/client.ts";
import { parsed } from "../../runtime/parsed.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { TerminalError } from "../../runtime/terminal-error.ts";
import { getIfThere } from "../objects/get-or-create.ts";

/** Where classes and apps come from, without asking anybody. */
export interface ClassSource {
  classes: Pick<Reflector<SandboxClass>, "store">;
  apps: Pick<Reflector<SandboxApp>, "store">;
}

/** Throws, with the limit, for a sandbox that its class has something against; `judge` says what, by default all that it may. */
export type ClassCheck = (sandbox: Sandbox, signal: AbortSignal, judge?: typeof objectionTo) => Promise<void>;

/**
 * The check that goes by what is stored. It asks the API server only before it throws, as the class may just have been
 * changed. A class that is not there yet may come: that is the operator's business, as is whatever else it refuses.
 */
export function classCheck({ classes, apps }: ClassSource, kube: Kube): ClassCheck {
  const stored = (sandbox: Sandbox): SandboxClass | undefined => {
    const app = apps.store.get(`${sandbox.metadata.namespace}/${sandbox.spec.app}`);
    return classes.store.get(classNameOf({ sandbox, ...(app && { app }) }));
  };

  const current = async (sandbox: Sandbox, signal: AbortSignal): Promise<SandboxClass | undefined> => {
    const { namespace = "" } = sandbox.metadata;
    const app = await getIfThere(kube, SANDBOX_APP, { namespace, name: sandbox.spec.app }, signal);
    const name = classNameOf({ sandbox, ...(app && { app }) });
    return getIfThere(kube, SANDBOX_CLASS, { name }, signal);
  };

  return async (sandbox, signal, judge = objectionTo) => {
    const verdict = (sandboxClass: SandboxClass | undefined): Objection | undefined => {
      const readable = sandboxClass && readableOf(sandboxClass);
      return readable && judge(sandbox.spec, readable);
    };
    if (verdict(stored(sandbox)) === undefined) return;
    const objection = verdict(await current(sandbox, signal));
    if (objection === undefined) return;
    const { reason, message } = objection;
    throw new SandkeepError(codes[reason] ?? "invalid_argument", "sandbox", message, { details: { reason } });
  };
}

const codes: Partial<Record<Objection["reason"], ErrorCode>> = { ImageNotAllowed: "permission_denied" };

/** `undefined` for a class that a newer version has let in and this one cannot read. */
function readableOf(sandboxClass: SandboxClass): SandboxClass | undefined {
  try {
    return parsed(SANDBOX_CLASS, sandboxClass);
  } catch (error) {
    if (error instanceof TerminalError) return undefined;
    throw error;
  }
}

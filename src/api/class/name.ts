import { DEFAULT_CLASS } from "../constants.ts";
import type { SandboxApp } from "../sandbox-app.ts";
import type { Sandbox } from "../sandbox.ts";

/** The class that a sandbox asks for, by itself or by its app. */
export function classNameOf({ sandbox, app }: { sandbox: Sandbox; app?: SandboxApp }): string {
  return sandbox.spec.className ?? app?.spec.className ?? DEFAULT_CLASS;
}

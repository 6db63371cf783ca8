import { DEFAULT_CLASS } from "../../api/constants.ts";
import { type SandboxClass, sandboxClassSchema } from "../../api/sandbox-class.ts";
import type { Observed } from "./observed.ts";

/** What holds in a cluster whose administrators have made no class named `default`. */
export const builtInClass: SandboxClass = sandboxClassSchema.parse({ metadata: { name: DEFAULT_CLASS } });

/** The class that a sandbox asks for, by itself or by its app. */
export function classNameOf({ sandbox, app }: Pick<Observed, "sandbox" | "app">): string {
  return sandbox.spec.className ?? app?.spec.className ?? DEFAULT_CLASS;
}

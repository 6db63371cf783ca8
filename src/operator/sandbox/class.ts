import { DEFAULT_CLASS } from "../../api/constants.ts";
import { type SandboxClass, sandboxClassSchema } from "../../api/sandbox-class.ts";

/** What holds in a cluster whose administrators have made no class named `default`. */
export const builtInClass: SandboxClass = sandboxClassSchema.parse({ metadata: { name: DEFAULT_CLASS } });

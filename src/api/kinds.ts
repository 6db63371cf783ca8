import type { CustomKind } from "./kind.ts";
import { READINESS_PROBE } from "./readiness-probe.ts";
import { SANDBOX_APP } from "./sandbox-app.ts";
import { SANDBOX_CLASS } from "./sandbox-class.ts";
import { SANDBOX } from "./sandbox.ts";
import { SANDBOX_SNAPSHOT } from "./snapshot.ts";

/** Every kind that this project defines; each has a CRD. */
export const customKinds: readonly CustomKind[] = [
  SANDBOX,
  SANDBOX_SNAPSHOT,
  READINESS_PROBE,
  SANDBOX_CLASS,
  SANDBOX_APP,
];

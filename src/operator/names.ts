import { createHash } from "node:crypto";
import { FIELD_MANAGER, LABELS, POD_ANNOTATIONS } from "../api/constants.ts";

/** Keeps a `ReadinessProbe` until no running sandbox uses it. */
export const probeFinalizer = "sandkeep.dev/in-use";

export const annotations = {
  ...POD_ANNOTATIONS,
  /** On Pods: the limits that the agent keeps. */
  timeoutSeconds: "sandkeep.dev/timeout-seconds",
  idleTimeoutSeconds: "sandkeep.dev/idle-timeout-seconds",
  /** On Leases: app and name that a sandbox holds, with a slash between. */
  claimedName: "sandkeep.dev/claimed-name",
} as const;

/** Selects every Pod and policy of this operator. */
export const managedSelector: string = `${LABELS.managedBy}=${FIELD_MANAGER}`;

/** Sixteen hexadecimal digits that stand for `text`. */
export function shortHash(text: string): string {
  return hexHash(text).slice(0, 16);
}

/** 32 hexadecimal digits that stand for `text`, also where it is chosen by who would have two texts be taken for one. */
export function longHash(text: string): string {
  return hexHash(text).slice(0, 32);
}

function hexHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

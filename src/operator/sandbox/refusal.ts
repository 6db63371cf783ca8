import { ApiError, isAlreadyExists, isForbidden, isInvalid } from "../../kube/api-error.ts";
import type { Refusal } from "./observed.ts";

/** Refusals of the API server that pass by themselves, or once an administrator has acted. */
const passing: [RegExp, string][] = [
  [/exceeded quota/, "QuotaExceeded"],
  [/failed quota|status unknown for quota/, "QuotaUnknown"],
  [/serviceaccount "?\S*"? not found|error looking up service account/, "ServiceAccountNotFound"],
  [/because it is being terminated/, "NamespaceTerminating"],
  [/cannot create resource/, "OperatorForbidden"],
];

/** Why the API server would not take the Pod, when that is about this Pod; `undefined` for any other failure. */
export function refusalFrom(error: unknown): Refusal | undefined {
  if (error instanceof Error && isAlreadyExists(error.cause)) {
    return { final: false, reason: "PodNameInUse", message: error.message };
  }
  if (!(error instanceof ApiError) || !error.request.includes("/pods")) return undefined;
  if (!isForbidden(error) && !isInvalid(error)) return undefined;
  const known = passing.find(([pattern]) => pattern.test(error.message));
  if (known !== undefined) return { final: false, reason: known[1], message: error.message };
  const reason = error.message.includes("violates PodSecurity") ? "PodSecurity" : "PodRefused";
  return { final: true, reason, message: `Kubernetes refused its Pod: ${error.message}` };
}

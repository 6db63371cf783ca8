import { ApiError, isAlreadyExists, isForbidden, isInvalid } from "../../kube/api-error.ts";
import { NameUnavailableError } from "./name-claims.ts";
import type { Refusal } from "./observed.ts";

interface Passing {
  says: RegExp;
  reason: string;
  /** Milliseconds until another try, and until another of a sandbox that is young. */
  retryAfter: number;
  atFirst?: number;
}

const youngMilliseconds = 5_000;

/** Refusals that pass by themselves, or once an administrator has acted. */
const passing: Passing[] = [
  { says: /exceeded quota/, reason: "QuotaExceeded", retryAfter: 5_000 },
  { says: /failed quota|status unknown for quota/, reason: "QuotaUnknown", retryAfter: 1_000 },
  // A new namespace gets its `default` in a moment; that of a class, which may not be there, is another matter.
  { says: /error looking up service account/, reason: "ServiceAccountNotFound", retryAfter: 5_000, atFirst: 200 },
  { says: /because it is being terminated/, reason: "NamespaceTerminating", retryAfter: 5_000 },
  // Also for a moment after the API server has started, when it has not read its roles yet.
  { says: /cannot create resource/, reason: "OperatorForbidden", retryAfter: 1_000 },
];

/** Refusals that stay as long as nobody changes the namespace's rules; any other is a `PodRefused`. */
const lasting = [
  { says: /violates PodSecurity/, reason: "PodSecurity" },
  { says: /(maximum|minimum) \S+ usage per |limit to request ratio per /, reason: "LimitRange" },
];

const creation = /^POST \S*\/(pods|leases)(\?|$)/;

/**
 * Why the API server would not make the Pod, or the Lease of its sandbox's name before it, when that is about this one;
 * `undefined` for any other failure. `age` is the sandbox's, in milliseconds.
 */
export function refusalFrom(error: unknown, age: number): Refusal | undefined {
  if (error instanceof Error && isAlreadyExists(error.cause)) {
    return { final: false, retryAfter: 1_000, reason: "PodNameInUse", message: error.message };
  }
  if (error instanceof NameUnavailableError) {
    return { final: false, retryAfter: 5_000, reason: "NameUnavailable", message: error.message };
  }
  if (!(error instanceof ApiError) || !creation.test(error.request)) return undefined;
  if (!isForbidden(error) && !isInvalid(error)) return undefined;
  const { message } = error;
  const known = passing.find(({ says }) => says.test(message));
  if (known !== undefined) {
    const { reason, retryAfter, atFirst = retryAfter } = known;
    return { final: false, retryAfter: age < youngMilliseconds ? atFirst : retryAfter, reason, message };
  }
  const reason = lasting.find(({ says }) => says.test(message))?.reason ?? "PodRefused";
  const what = error.request.includes("/leases") ? "the Lease of its name" : "its Pod";
  return { final: true, retryAfter: 0, reason, message: `Kubernetes refused ${what}: ${message}` };
}

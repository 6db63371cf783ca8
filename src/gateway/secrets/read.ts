import type { SandkeepError } from "../../api/errors.ts";
import { isForbidden, isNotFound } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import { SECRET, type Secret } from "../../kube/objects.ts";

/** Makes the error for what is wrong with a Secret. */
export type Refuse = (code: "not_found" | "invalid_argument" | "not_supported", why: string) => SandkeepError;

/**
 * The Secret, for a user who may get it: whoever calls has asked. Throws `not_found`, and `not_supported` where the
 * gateway's own account may read none.
 */
export async function readSecret(
  kube: Kube,
  name: { namespace: string; name: string },
  refuse: Refuse,
  signal: AbortSignal,
): Promise<Secret> {
  try {
    return await kube.get(SECRET, name, { signal });
  } catch (error) {
    if (isNotFound(error)) throw refuse("not_found", "there is no such Secret");
    if (isForbidden(error)) throw refuse("not_supported", notAllowed);
    throw error;
  }
}

const notAllowed =
  "the gateway's own account may not read it. Administrators set gateway.processSecrets in the chart, " +
  "or grant get on secrets in this namespace to the ServiceAccount sandkeep-gateway";

import { isUtf8 } from "node:buffer";
import { SandkeepError } from "../../api/errors.ts";
import { isForbidden, isNotFound } from "../../kube/api-error.ts";
import type { Kube } from "../../kube/client.ts";
import { SECRET, type Secret } from "../../kube/objects.ts";
import type { User } from "../auth/authenticate.ts";
import type { Guard } from "../server/bind.ts";

/** The entries of Secrets in a namespace as variables, later Secrets before earlier ones. */
export type ReadSecrets = (
  user: User,
  namespace: string,
  names: readonly string[],
  signal: AbortSignal,
) => Promise<Record<string, string>>;

/** More than the kernel gives any program as its environment. */
const maxOctets = 1 << 20;

/**
 * Reads Secrets for users who may read each of them themselves. Every entry becomes a variable, as with a container's
 * `envFrom`. Throws `permission_denied` before anything is read, `not_found`, `invalid_argument` for what no variable can
 * hold, and `not_supported` where the gateway's own account may read none.
 */
export function secretReader(kube: Kube, authorise: Guard["authorise"]): ReadSecrets {
  return async (user, namespace, names, signal) => {
    for (const name of names)
      await authorise(user, { verb: "get", group: "", version: "v1", resource: "secrets", namespace, name });
    const variables = new Map<string, string>();
    let octets = 0;
    for (const name of names) {
      const refuse = refusalOf(namespace, name);
      const { data = {} } = await read(kube, { namespace, name }, refuse, signal);
      for (const [key, value] of Object.entries(data)) {
        octets += key.length + value.length;
        if (octets > maxOctets) throw refuse("invalid_argument", "the Secrets are over 1 MiB together");
        const decoded = Buffer.from(value, "base64");
        if (!isUtf8(decoded) || decoded.includes(0))
          throw refuse("invalid_argument", `its entry "${key}" is no UTF-8 text without NUL`);
        variables.set(key, decoded.toString("utf8"));
      }
    }
    return Object.fromEntries(variables);
  };
}

type Refuse = (code: "not_found" | "invalid_argument" | "not_supported", why: string) => SandkeepError;

function refusalOf(namespace: string, name: string): Refuse {
  return (code, why) =>
    new SandkeepError(code, "secret", `Cannot give a process the Secret "${namespace}/${name}": ${why}`, {
      details: { namespace, name },
    });
}

async function read(
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

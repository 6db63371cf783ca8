import { isUtf8 } from "node:buffer";
import { SandkeepError } from "../../api/errors.ts";
import type { Kube } from "../../kube/client.ts";
import type { User } from "../auth/authenticate.ts";
import { readSecret, type Refuse } from "../secrets/read.ts";
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
      const { data = {} } = await readSecret(kube, { namespace, name }, refuse, signal);
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

function refusalOf(namespace: string, name: string): Refuse {
  return (code, why) =>
    new SandkeepError(code, "secret", `Cannot give a process the Secret "${namespace}/${name}": ${why}`, {
      details: { namespace, name },
    });
}

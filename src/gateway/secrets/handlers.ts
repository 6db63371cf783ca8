import { SandkeepError } from "../../api/errors.ts";
import type { Kube } from "../../kube/client.ts";
import type { Audit } from "../audit.ts";
import type { Call, Handlers } from "../server/bind.ts";
import { readSecret, type Refuse } from "./read.ts";

/** Whether Secrets are there and have what a program needs; what they hold is never told. */
export function secretHandlers(kube: Kube, audit: Audit): Pick<Handlers, "getSecret"> {
  const get = async ({ params, query: { requiredKeys = [] }, signal }: Call<"getSecret">): Promise<unknown> => {
    const { namespace, secret: name } = params;
    const { metadata, data = {} } = await readSecret(kube, { namespace, name }, refusalOf(name), signal);
    const missingKeys = requiredKeys.filter((key) => !Object.hasOwn(data, key));
    if (missingKeys.length > 0)
      throw new SandkeepError("not_found", "secret", `Secret is missing key(s): ${missingKeys.join(", ")}`, {
        details: { name, missingKeys },
      });
    return { name, namespace, createdAt: metadata.creationTimestamp ?? "" };
  };
  return { getSecret: (call) => audit.secret(call, call.params.secret, get(call)) };
}

function refusalOf(name: string): Refuse {
  return (code, why) => {
    const text = code === "not_found" ? `Secret '${name}' not found` : `Cannot look up Secret '${name}': ${why}`;
    return new SandkeepError(code, "secret", text, { details: { name } });
  };
}

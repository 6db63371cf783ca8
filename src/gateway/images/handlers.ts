import { SandkeepError } from "../../api/errors.ts";
import type { Kube } from "../../kube/client.ts";
import { credentialsFor, type Credentials } from "../../registry/credentials.ts";
import { parseReference, type ImageReference } from "../../registry/reference.ts";
import type { ImageResolver, Resolution } from "../../registry/resolve.ts";
import type { Audit } from "../audit.ts";
import type { Call, Guard, Handlers } from "../server/bind.ts";
import { readSecret, type Refuse } from "../secrets/read.ts";

/** What registries say of images, to who may have the gateway run them. */
export function imageHandlers(
  kube: Kube,
  resolver: ImageResolver,
  { authorise, audit }: { authorise: Guard["authorise"]; audit: Audit },
): Pick<Handlers, "resolveImage"> {
  const resolve = async ({ params, query: { reference, secretName }, user, signal }: Call<"resolveImage">) => {
    const image = parseReference(reference);
    let credentials: Credentials | undefined;
    if (secretName !== undefined) {
      const name = { namespace: params.namespace, name: secretName };
      await authorise(user, { verb: "get", group: "", version: "v1", resource: "secrets", ...name });
      credentials = await credentialsIn(kube, name, image, signal);
    }
    const resolution = await resolver.resolve(image, credentials, signal);
    if (resolution.kind !== "found") throw failures[resolution.kind](reference, image.host);
    const { digest } = resolution;
    return { image: `${image.host}/${image.repository}@${digest}`, digest };
  };
  return {
    resolveImage(call) {
      const { secretName } = call.query;
      return secretName === undefined ? resolve(call) : audit.secret(call, secretName, resolve(call));
    },
  };
}

async function credentialsIn(
  kube: Kube,
  name: { namespace: string; name: string },
  { host }: ImageReference,
  signal: AbortSignal,
): Promise<Credentials> {
  const refuse: Refuse = (code, why) =>
    new SandkeepError(code, "secret", `Cannot log in with the Secret "${name.namespace}/${name.name}": ${why}`);
  const { data = {} } = await readSecret(kube, name, refuse, signal);
  const found = credentialsFor(host, data);
  if (found !== undefined) return found;
  throw refuse("invalid_argument", `it has neither a login for ${host} nor REGISTRY_USERNAME and REGISTRY_PASSWORD`);
}

const failures: Record<Exclude<Resolution["kind"], "found">, (reference: string, host: string) => SandkeepError> = {
  absent: (reference) => failed("not_found", reference, "its registry has no such image"),
  refused: (reference) =>
    failed("permission_denied", reference, "its registry gives it only to who logs in, or there is no such image"),
  "not-allowed": (reference, host) =>
    failed(
      "permission_denied",
      reference,
      `the gateway may not ask ${host}. Administrators allow it by registries in the chart`,
    ),
  silent: (reference, host) => failed("unavailable", reference, `${host} does not answer as a registry`),
};

function failed(
  code: "not_found" | "permission_denied" | "unavailable",
  reference: string,
  why: string,
): SandkeepError {
  return new SandkeepError(code, "image", `Cannot resolve image "${reference}": ${why}`);
}

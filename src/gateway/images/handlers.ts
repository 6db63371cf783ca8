import { SandkeepError } from "../../api/errors.ts";
import type { Kube } from "../../kube/client.ts";
import type { Credentials } from "../../registry/credentials.ts";
import { parseReference } from "../../registry/reference.ts";
import type { ImageResolver, Resolution } from "../../registry/resolve.ts";
import type { Audit } from "../audit.ts";
import type { Call, Guard, Handlers } from "../server/bind.ts";
import { credentialsOf, readLogin } from "./login.ts";

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
      credentials = credentialsOf(await readLogin(kube, name, signal), name, image);
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

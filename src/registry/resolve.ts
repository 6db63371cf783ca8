import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import type { Credentials } from "./credentials.ts";
import type { ImageReference } from "./reference.ts";
import { headerOf, NoLogin, octetsOf, registriesFor, type RegistryOptions, type Visit } from "./visit.ts";

/** Why nothing is known of an image. `silent`: nothing that a registry would say, for whatever reason. */
export type Unresolved = { kind: "absent" | "refused" | "not-allowed" | "silent" };

/** What a registry says of an image. */
export type Resolution = { kind: "found"; digest: string } | Unresolved;

/** Looks images up in registries. */
export interface ImageResolver extends AsyncDisposable {
  resolve(image: ImageReference, credentials: Credentials | undefined, signal: AbortSignal): Promise<Resolution>;
}

const milliseconds = 15_000;
const maxManifestOctets = 4 << 20;
/** The digests that are known. */
export const digestPattern: RegExp = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Asks registries, each time anew, for at most 15 s. Nothing of what answers is handed on but a digest. */
export function imageResolver(options: RegistryOptions): ImageResolver {
  const registries = registriesFor(options);
  return {
    async resolve(image, credentials, signal) {
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
      const visit = registries.visit(image, credentials, inTime);
      if (visit === undefined) return { kind: "not-allowed" };
      try {
        return await digestOf(image, visit);
      } catch (error) {
        signal.throwIfAborted();
        return unresolved(error);
      }
    },
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
}

/** The digest that the image's version stands for now. Throws what `unresolved` reads. */
export async function digestOf(image: ImageReference, visit: Visit): Promise<Resolution> {
  const manifest = `manifests/${image.version}`;
  const response = await visit.ask("HEAD", manifest);
  await response.body.dump();
  const failed = failureOf(response);
  if (failed !== undefined) return failed;
  const told = headerOf(response, "docker-content-digest");
  const digest = told ?? (await computed(await visit.ask("GET", manifest)));
  const meant = !image.version.includes(":") || image.version === digest;
  return meant && digestPattern.test(digest) ? { kind: "found", digest } : { kind: "silent" };
}

/** What an answer other than success says; `undefined` for success. */
export function failureOf({ statusCode }: Pick<Dispatcher.ResponseData, "statusCode">): Unresolved | undefined {
  if (statusCode === 200) return undefined;
  if (statusCode === 404) return { kind: "absent" };
  return { kind: statusCode === 401 || statusCode === 403 ? "refused" : "silent" };
}

/** What a request that failed says; neither whether a name exists nor what is behind it is to be learned from it. */
export function unresolved(error: unknown): Unresolved {
  return { kind: error instanceof NoLogin ? "refused" : "silent" };
}

/** The digest of a manifest, of which no more than a piece is held at a time; empty if there is none. */
async function computed(response: Dispatcher.ResponseData): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of octetsOf(response, maxManifestOctets)) hash.update(chunk);
  return response.statusCode === 200 ? `sha256:${hash.digest("hex")}` : "";
}

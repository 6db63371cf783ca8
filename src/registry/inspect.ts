import { createHash } from "node:crypto";
import { z } from "zod";
import { Recent } from "../lib/recent.ts";
import type { Credentials } from "./credentials.ts";
import type { ImageReference } from "./reference.ts";
import { digestOf, digestPattern, failureOf, unresolved, type Unresolved } from "./resolve.ts";
import { registriesFor, textOf, type RegistryOptions, type Visit } from "./visit.ts";

/** What an image is made to run. `unsuitable`: the registry has something of that name that no node could run. */
export type Inspection = { kind: "found"; digest: string; entrypoint: string[] } | Unresolved | { kind: "unsuitable" };

/** Reads the configuration of images. */
export interface ImageInspector extends AsyncDisposable {
  /** The image as it is for the first of these architectures that it is made for. */
  inspect(
    image: ImageReference,
    architectures: readonly string[],
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<Inspection>;
}

const milliseconds = 15_000;
/** Of a manifest, and of a configuration, which names every step of a build. */
const maxOctets = 1 << 20;
const maxEntrypoint = 65_536;
/** What is longer is not remembered; characters. */
const maxRemembered = 4096;

const digest = z.string().regex(digestPattern);
const index = z.object({
  manifests: z.array(
    z.object({ digest, platform: z.object({ os: z.string(), architecture: z.string() }).partial().optional() }),
  ),
});
const manifest = z.object({ config: z.object({ digest }) });
const words = z
  .array(z.string())
  .max(1024)
  .refine((all) => all.reduce((sum, word) => sum + word.length, 0) <= maxEntrypoint);
const configuration = z.object({ config: z.object({ Entrypoint: words.nullish() }).nullish() });

/** What is no image that a node could run, in spite of its digest being right. */
class Unsuitable extends Error {
  override name = "Unsuitable";
}

/**
 * Asks registries whether who has these credentials gets the image, for at most 15 s; what is behind a digest is asked for
 * once. All that is read is checked against its digest and bounded.
 */
export function imageInspector(options: RegistryOptions): ImageInspector {
  const registries = registriesFor(options);
  const entrypoints = new Recent<string[]>({ milliseconds: Infinity, max: 1000, keep: isShort });

  const inspect = async (
    image: ImageReference,
    architectures: readonly string[],
    visit: Visit,
  ): Promise<Inspection> => {
    const found = await digestOf(image, visit);
    if (found.kind !== "found") return found;
    const key = JSON.stringify([image.host, image.repository, found.digest, architectures]);
    const entrypoint = await entrypoints.get(key, () => entrypointOf(found.digest, architectures, visit));
    return { ...found, entrypoint };
  };

  return {
    async inspect(image, architectures, credentials, signal) {
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
      const visit = registries.visit(image, credentials, inTime);
      if (visit === undefined) return { kind: "not-allowed" };
      try {
        return await inspect(image, architectures, visit);
      } catch (error) {
        signal.throwIfAborted();
        return error instanceof Unsuitable ? { kind: "unsuitable" } : unresolved(error);
      }
    },
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
}

/** Whether an ENTRYPOINT is worth being remembered: anybody can make many images that have a long one. */
export function isShort(entrypoint: string[]): boolean {
  return JSON.stringify(entrypoint).length <= maxRemembered;
}

async function entrypointOf(of: string, architectures: readonly string[], visit: Visit): Promise<string[]> {
  const top = await read(visit, "manifests", of);
  const several = index.safeParse(top);
  const one = several.success ? await read(visit, "manifests", forNodes(several.data.manifests, architectures)) : top;
  const { config } = parsed(configuration, await read(visit, "blobs", parsed(manifest, one).config.digest));
  return config?.Entrypoint ?? [];
}

function forNodes(manifests: z.infer<typeof index>["manifests"], architectures: readonly string[]): string {
  for (const architecture of architectures) {
    const found = manifests.find(({ platform }) => platform?.os === "linux" && platform.architecture === architecture);
    if (found !== undefined) return found.digest;
  }
  throw new Unsuitable(`made for none of ${architectures.join(", ")}`);
}

/** JSON that has the digest it is asked for by. */
async function read(visit: Visit, kind: "manifests" | "blobs", of: string): Promise<unknown> {
  const response = await visit.ask("GET", `${kind}/${of}`);
  const text = await textOf(response, maxOctets);
  if (failureOf(response) !== undefined) throw new Error(`the registry does not give ${of}`);
  const [algorithm = ""] = of.split(":", 1);
  if (`${algorithm}:${createHash(algorithm).update(text).digest("hex")}` !== of) throw new Error(`that is not ${of}`);
  return JSON.parse(text);
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const { data, success } = schema.safeParse(value);
  if (!success) throw new Unsuitable("no image of OCI or Docker");
  return data;
}

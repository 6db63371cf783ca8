import type { SandboxClassSpec } from "../sandbox-class.ts";
import type { SandboxSpec } from "../sandbox.ts";

/** The image that the sandbox runs; `undefined` when neither it nor its class names one. */
export function imageOf(spec: SandboxSpec, { defaultImage }: SandboxClassSpec): string | undefined {
  return spec.image ?? defaultImage;
}

/** The first image that the sandbox would run or mount and its class does not allow. */
export function forbiddenImage(spec: SandboxSpec, sandboxClass: SandboxClassSpec): string | undefined {
  const { allowedImages } = sandboxClass;
  if (allowedImages === undefined) return undefined;
  const mounted = (spec.volumes ?? []).map((volume) => volume.image?.reference);
  return [imageOf(spec, sandboxClass), ...mounted]
    .filter((image) => image !== undefined)
    .find((image) => !allowedImages.some((pattern) => matchesPattern(image, pattern)));
}

/**
 * `*` stands for any characters; in a pattern's tag, or digest, for those of one: what looks like a tag may be the port of
 * another registry, with a path behind it.
 */
function matchesPattern(text: string, pattern: string): boolean {
  const tag = /:[^/]*$/.exec(pattern)?.index ?? pattern.length;
  return new RegExp(`^${source(pattern.slice(0, tag), ".*")}${source(pattern.slice(tag), "[^/]*")}$`, "s").test(text);
}

function source(pattern: string, wildcard: string): string {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return parts.join(wildcard);
}

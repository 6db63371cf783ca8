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

/** `*` stands for any characters. */
function matchesPattern(text: string, pattern: string): boolean {
  const source = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${source.join(".*")}$`, "s").test(text);
}

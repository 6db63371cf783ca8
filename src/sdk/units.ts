import { invalid } from "./errors.ts";

/** A parameter of whole seconds in milliseconds, as seconds; undefined stays so. Throws when it is anything else. */
export function wholeSeconds(name: string, milliseconds: number | undefined): number | undefined {
  if (milliseconds === undefined) return undefined;
  if (!(milliseconds > 0)) throw invalid(`${name} must be positive, got ${milliseconds}`);
  if (milliseconds % 1000 !== 0) throw invalid(`${name} must be a multiple of 1000 ms, got ${milliseconds}`);
  return milliseconds / 1000;
}

/** A path inside a sandbox, which must be absolute. */
export function absolutePath(name: string, path: string): string {
  if (!path.startsWith("/")) throw invalid(`${name} must be an absolute path, got ${JSON.stringify(path)}`);
  return path;
}

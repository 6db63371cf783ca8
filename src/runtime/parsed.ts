import type { CustomKind } from "../api/kind.ts";
import type { KubeObject } from "../api/meta.ts";
import { parseObject } from "../api/parse.ts";
import { TerminalError } from "./terminal-error.ts";

const seen = new WeakMap<KubeObject, KubeObject>();

/**
 * A stored object as its schema reads it, with defaults filled in; each is parsed once. Throws `TerminalError` for one
 * that a newer or older version of its CRD has let in.
 */
export function parsed<T extends KubeObject>(kind: CustomKind<T>, stored: T): T {
  const known = seen.get(stored);
  if (known !== undefined) return known as T;
  const result = parseObject(kind, stored);
  if (!result.ok) {
    throw new TerminalError(`Cannot read ${kind.kind} "${stored.metadata.name}": ${result.errors.join("; ")}`);
  }
  seen.set(stored, result.object);
  return result.object;
}

import type { z } from "zod";
import type { CustomKind, Parsed } from "./kind.ts";
import type { KubeObject } from "./meta.ts";

/**
 * Parses an object that the API server has stored, with defaults filled in. Members that the schema does not know,
 * as a newer version may have written them, are left out.
 */
export function parseObject<T extends KubeObject>(kind: CustomKind<T>, value: unknown): Parsed<T> {
  const strict = kind.schema.safeParse(value);
  const result = strict.success ? strict : kind.schema.safeParse(withoutUnknown(value, strict.error));
  return result.success ? { ok: true, object: result.data } : { ok: false, errors: describeIssues(result.error) };
}

/** What a zod error says, as a user reads it: `spec.timeoutSeconds: Too small: …`. */
export function describeIssues(error: z.ZodError): string[] {
  return error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${path(issue.path)}: ${issue.message}`,
  );
}

function withoutUnknown(value: unknown, error: z.ZodError): unknown {
  const copy = structuredClone(value);
  for (const issue of error.issues) {
    if (issue.code === "unrecognized_keys") {
      const owner = issue.path.reduce<unknown>((parent, key) => Reflect.get(Object(parent), key), copy);
      for (const key of issue.keys) {
        Reflect.deleteProperty(Object(owner), key);
      }
    }
  }
  return copy;
}

function path(keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((text, key) => {
    if (typeof key === "number") {
      return `${text}[${key}]`;
    }
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}

import { invalid } from "./errors.ts";

/** Environment variables by name; those that are null or undefined are left out. */
export type Env = Readonly<Record<string, string | null | undefined>>;

/** @internal The variables that have a value. Throws when a name is none, or a value no string. */
export function checkedEnv(env: Env): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
      throw invalid(
        `Environment variable name ${JSON.stringify(name)} must be letters, digits and '_', not beginning with a digit`,
      );
    if (value === null || value === undefined) continue;
    if (typeof value !== "string") throw invalid(`Environment variable ${name} must be a string, got ${typeof value}`);
    given[name] = value;
  }
  return given;
}

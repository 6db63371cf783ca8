import { InvalidArgumentError } from "commander";

/** Collects an option that may be given several times. */
export function repeated(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Collects `NAME=VALUE`, given several times; a later one wins. */
export function pairs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Collects variables: `NAME=VALUE`, or `NAME` for the one that is set here. */
export function variables(text: string, before: Record<string, string> = {}): Record<string, string> {
  if (text.includes("=")) return pairs(text, before);
  const value = process.env[text];
  if (value === undefined) throw new InvalidArgumentError(`${text} is not set here: give ${text}=VALUE.`);
  return { ...before, [text]: value };
}

/** What happens to tags: `NAME=VALUE` sets one, `NAME-` removes it, as with `kubectl label`. */
export function changedTags(
  tags: Readonly<Record<string, string>>,
  changes: readonly string[],
): Record<string, string> {
  const changed = { ...tags };
  for (const change of changes) {
    if (change.includes("=")) Object.assign(changed, pairs(change));
    else if (change.length > 1 && change.endsWith("-")) delete changed[change.slice(0, -1)];
    else throw new InvalidArgumentError(`"${change}" must be NAME=VALUE to set a tag, or NAME- to remove it.`);
  }
  return changed;
}

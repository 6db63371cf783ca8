import { SandkeepError } from "../../api/errors.ts";
import type { SandboxPhase } from "../../api/phases.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { isFinished } from "./life.ts";

/** Which sandboxes are asked for. */
export interface Selection {
  app?: string;
  /** `name=value` each. */
  tag?: string[];
  phase?: SandboxPhase;
  all: boolean;
}

/** Tells which sandboxes are asked for: of all phases, in one, or those that have not finished. Throws `invalid_argument`. */
export function selector({ app, tag, phase, all }: Selection): (sandbox: Sandbox) => boolean {
  const tags = (tag ?? []).map(readingsOf);
  return (sandbox) => {
    const { spec, status } = sandbox;
    if (app !== undefined && spec.app !== app) return false;
    if (phase !== undefined ? (status?.phase ?? "Created") !== phase : !all && isFinished(sandbox)) return false;
    return tags.every((readings) => readings.some(([name, value]) => spec.tags?.[name] === value));
  };
}

/** What `name=value` can mean: both may have further equals signs. */
function readingsOf(tag: string): [name: string, value: string][] {
  const readings = Array.from(tag.matchAll(/=/g), ({ index }): [string, string] => [
    tag.slice(0, index),
    tag.slice(index + 1),
  ]).filter(([name]) => name !== "");
  if (readings.length > 0) return readings;
  throw new SandkeepError(
    "invalid_argument",
    "request",
    `Cannot take the query: tag "${tag}" is not of the form name=value`,
  );
}

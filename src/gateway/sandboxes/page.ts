import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { SandboxPhase } from "../../api/constants.ts";
import { isFinished } from "./life.ts";

export interface PageQuery {
  app?: string;
  /** `name=value` each. */
  tag?: string[];
  phase?: SandboxPhase;
  all: boolean;
  limit: number;
  cursor?: string;
}

/** One page of sandboxes, newest first, and the cursor of the next; throws `invalid_argument` on a cursor not from here. */
export function pageOf(sandboxes: Sandbox[], query: PageQuery): { items: Sandbox[]; cursor?: string } {
  const after = query.cursor === undefined ? undefined : decode(query.cursor);
  const wanted = sandboxes.filter(matcher(query)).sort((a, b) => compare(place(a), place(b)));
  const rest = after === undefined ? wanted : wanted.filter((sandbox) => compare(place(sandbox), after) > 0);
  const items = rest.slice(0, query.limit);
  const last = items.at(-1);
  return { items, ...(last && rest.length > items.length && { cursor: encode(place(last)) }) };
}

function matcher({ app, tag, phase, all }: PageQuery): (sandbox: Sandbox) => boolean {
  const tags = (tag ?? []).map(parseTag);
  return (sandbox) => {
    const { spec, status } = sandbox;
    if (app !== undefined && spec.app !== app) return false;
    if (phase !== undefined ? (status?.phase ?? "Created") !== phase : !all && isFinished(sandbox)) return false;
    return tags.every(([name, value]) => spec.tags?.[name] === value);
  };
}

function parseTag(tag: string): [name: string, value: string] {
  const equals = tag.indexOf("=");
  if (equals > 0) return [tag.slice(0, equals), tag.slice(equals + 1)];
  throw new SandkeepError(
    "invalid_argument",
    "request",
    `Cannot take the query: tag "${tag}" is not of the form name=value`,
  );
}

/** Where a sandbox stands in the order; creation times have whole seconds, names settle the rest. */
type Place = [createdAt: string, name: string];

function place({ metadata }: Sandbox): Place {
  return [metadata.creationTimestamp ?? "", metadata.name];
}

function compare(a: Place, b: Place): number {
  if (a[0] !== b[0]) return a[0] > b[0] ? -1 : 1;
  return a[1] === b[1] ? 0 : a[1] < b[1] ? -1 : 1;
}

function encode(place: Place): string {
  return Buffer.from(place.join("/")).toString("base64url");
}

function decode(cursor: string): Place {
  const [createdAt, name, ...more] = Buffer.from(cursor, "base64url").toString("utf8").split("/");
  if (createdAt !== undefined && name !== undefined && more.length === 0) return [createdAt, name];
  throw new SandkeepError(
    "invalid_argument",
    "request",
    "Cannot take the query: the cursor is not from a list of sandboxes",
  );
}

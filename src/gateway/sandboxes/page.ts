import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { firstInOrder } from "../../lib/first-in-order.ts";
import { selector, type Selection } from "./select.ts";

export interface PageQuery extends Selection {
  limit: number;
  cursor?: string;
}

/** One page of sandboxes, newest first, and the cursor of the next; throws `invalid_argument` on a cursor not from here. */
export function pageOf(sandboxes: Sandbox[], query: PageQuery): { items: Sandbox[]; cursor?: string } {
  const after = query.cursor === undefined ? undefined : decode(query.cursor);
  const isSelected = selector(query);
  const wanted = sandboxes.filter((sandbox) => isSelected(sandbox) && (!after || compare(place(sandbox), after) > 0));
  // Later ones came later, so that most of those before need a look only.
  const first = firstInOrder(wanted.reverse(), query.limit + 1, (a, b) => compare(place(a), place(b)));
  const items = first.slice(0, query.limit);
  const last = items.at(-1);
  return { items, ...(last && first.length > items.length && { cursor: encode(place(last)) }) };
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

import { sandboxView, type WatchFrame } from "../../api/sandbox-http.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Event } from "./history.ts";

/**
 * What a watch says about a change to sandboxes of which it shows some: one that begins to be shown is added, one that is
 * shown no more deleted. A sandbox in the place of another of its name is both.
 */
export function framesOf({ change, cursor }: Event, isShown: (sandbox: Sandbox) => boolean): WatchFrame[] {
  const { object, previous } = change;
  const frame = (type: "added" | "modified" | "deleted", sandbox: Sandbox): WatchFrame => ({
    type,
    sandbox: sandboxView(sandbox),
    ...(cursor !== undefined && { cursor }),
  });
  const before = previous !== undefined && isShown(previous) ? previous : undefined;
  const now = object !== undefined && isShown(object) ? object : undefined;
  if (before === undefined) return now === undefined ? [] : [frame("added", now)];
  const same = object?.metadata.uid === before.metadata.uid;
  if (object === undefined || !same) return [frame("deleted", before), ...(now ? [frame("added", now)] : [])];
  return [now === undefined ? frame("deleted", object) : frame("modified", now)];
}

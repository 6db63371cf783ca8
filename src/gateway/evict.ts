import type { LinkPool } from "../agent-link/pool.ts";
import type { Sandbox } from "../api/sandbox.ts";
import type { ChangeHandler } from "../runtime/reflector.ts";
import { isFinished } from "./sandboxes/life.ts";

/** Closes the link to a sandbox that has ended, or that another of its name has replaced: some exec streams never notice. */
export function evictEnded(pool: LinkPool): ChangeHandler<Sandbox> {
  return ({ object, previous }) => {
    const last = previous ?? object;
    if (last === undefined) return;
    if (object !== undefined && !isFinished(object) && object.metadata.uid === last.metadata.uid) return;
    pool.evict({ namespace: last.metadata.namespace ?? "", pod: last.status?.podName ?? last.metadata.name });
  };
}

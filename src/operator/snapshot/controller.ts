import { SANDBOX_SNAPSHOT } from "../../api/snapshot.ts";
import type { Kube } from "../../kube/client.ts";
import type { Log } from "../../log.ts";
import { Controller } from "../../runtime/controller.ts";
import { perform, type Performer } from "../../runtime/perform.ts";
import { onSelf } from "../../runtime/source.ts";
import { parsed } from "../../runtime/parsed.ts";
import type { World } from "../world.ts";
import { snapshotPlan } from "./plan.ts";

/** Keeps the status of snapshots. */
export function snapshotController(
  { snapshots }: World,
  kube: Kube,
  recorder: Performer["recorder"],
  log: Log,
): Controller {
  return new Controller({
    name: SANDBOX_SNAPSHOT.singular,
    sources: [onSelf(snapshots)],
    reconcile: async (key, { signal }) => {
      const stored = snapshots.store.get(key);
      if (stored === undefined) return;
      const plan = snapshotPlan(parsed(SANDBOX_SNAPSHOT, stored), new Date());
      await perform(plan, SANDBOX_SNAPSHOT, stored, { kube, recorder, caches: [snapshots], signal });
    },
    workers: 1,
    log,
  });
}

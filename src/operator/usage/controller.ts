import type { CustomKind } from "../../api/kind.ts";
import type { KubeObject } from "../../api/meta.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Kube } from "../../kube/client.ts";
import type { Log } from "../../log.ts";
import { Controller, type Result } from "../../runtime/controller.ts";
import { perform, type Performer } from "../../runtime/perform.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { onMapped, onSelf } from "../../runtime/source.ts";
import { parsed } from "../../runtime/parsed.ts";
import type { SandboxIndex } from "../world.ts";

export interface UsageControllerOptions<T extends KubeObject> {
  kind: CustomKind<T>;
  reflector: Reflector<T>;
  sandboxes: Reflector<Sandbox, SandboxIndex>;
  /** The key of the object that a sandbox counts for. */
  keyOf: (sandbox: Sandbox) => string | undefined;
  /** The sandboxes that count for the object of that key. */
  usersOf: (key: string) => Sandbox[];
  plan: (object: T, users: Sandbox[], now: Date) => Plan<T>;
  kube: Kube;
  recorder: Performer["recorder"];
  log: Log;
}

/** Between two writes of one object's counts: they would cost a write per sandbox and step otherwise. */
const paceMilliseconds = 5_000;

/** Keeps the status of one kind that says how the sandboxes fare that belong to its objects. */
export function usageController<T extends KubeObject>(options: UsageControllerOptions<T>): Controller {
  const { kind, reflector, sandboxes, keyOf, usersOf, plan, kube, recorder, log } = options;
  const countedAt = new Map<string, { version: string | undefined; at: number }>();

  async function reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const stored = reflector.store.get(key);
    if (stored === undefined) {
      countedAt.delete(key);
      return {};
    }
    const { generation, deletionTimestamp } = stored.metadata;
    const version = `${generation} ${deletionTimestamp}`;
    const last = countedAt.get(key);
    const pause = last?.version === version ? last.at + paceMilliseconds - performance.now() : 0;
    if (pause > 0) return { requeueAfter: pause };
    const wanted = plan(parsed(kind, stored), usersOf(key), new Date());
    await perform(wanted, kind, stored, { kube, recorder, caches: [reflector], signal });
    if (wanted.status !== undefined) countedAt.set(key, { version, at: performance.now() });
    return wanted.requeueAfter === undefined ? {} : { requeueAfter: wanted.requeueAfter };
  }

  const users = onMapped(sandboxes, (sandbox) => {
    const key = keyOf(sandbox);
    return key === undefined ? [] : [key];
  });
  return new Controller({
    name: kind.singular,
    sources: [onSelf(reflector), users],
    reconcile: (key, { signal }) => reconcile(key, signal),
    workers: 2,
    log,
  });
}

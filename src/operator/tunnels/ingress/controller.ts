import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../../api/meta.ts";
import { SANDBOX, type Sandbox } from "../../../api/sandbox.ts";
import { ApiError, isForbidden, isInvalid, isNotFound } from "../../../kube/api-error.ts";
import type { Kube } from "../../../kube/client.ts";
import { type Pod, POD } from "../../../kube/objects.ts";
import type { Log } from "../../../log.ts";
import { Controller, type Pass } from "../../../runtime/controller.ts";
import { keyOfObject } from "../../../runtime/key.ts";
import { parsed } from "../../../runtime/parsed.ts";
import { perform, type Performer } from "../../../runtime/perform.ts";
import { onMapped } from "../../../runtime/source.ts";
import type { Change } from "../../../runtime/store.ts";
import type { ClusterFacts } from "../../facts.ts";
import { classTermsFor } from "../../sandbox/class-terms.ts";
import type { World } from "../../world.ts";
import { hangsOnPod, isRouted, isUp, routePlan } from "./plan.ts";
import { type RouteReflectors, routeObjectsOf, sandboxKeysOf } from "./reflectors.ts";

export interface RouteControllerOptions {
  kube: Kube;
  world: Pick<World, "sandboxes" | "pods">;
  routes: RouteReflectors;
  /** Told why the objects of a sandbox cannot be made or changed, by its key, for as long as they cannot. */
  problems: Map<string, string>;
  /** Told the key of a sandbox whose problem has changed. */
  report: (key: string) => void;
  recorder: Performer["recorder"];
  facts: () => ClusterFacts;
  log: Log;
}

/** Keeps the Services and Ingresses of sandboxes in mode Ingress, from when there is a Pod until it ends, whatever others do to them. */
export function routeController(options: RouteControllerOptions): Controller {
  const { kube, world, routes, problems, report, recorder, facts, log } = options;
  const { sandboxes, pods } = world;

  async function reconcile(key: string, { signal }: Pass): Promise<void> {
    const known = sandboxes.store.get(key);
    const sandbox = known && parsed(SANDBOX, known);
    const stored = routeObjectsOf(routes, key);
    const seen = pods.store.get(key);
    const pod = sandbox && hangsOnPod({ sandbox, pod: seen, stored }) ? await podOf(sandbox, signal) : seen;
    const isOwn = pod?.metadata.ownerReferences?.some(({ uid }) => uid === sandbox?.metadata.uid) === true;
    const terms = pod && classTermsFor({ pod, facts: facts() })?.tunnels;
    const plan = routePlan({ sandbox, pod: isOwn ? pod : undefined, terms, stored });
    const subject: KubeObject | undefined = sandbox ?? stored.ingresses[0] ?? stored.services[0];
    if (subject === undefined) return tell(key, undefined);
    try {
      await perform(plan, SANDBOX, subject, { kube, recorder, signal });
      tell(key, undefined);
    } catch (error) {
      if (error instanceof ApiError && (isForbidden(error) || isInvalid(error))) tell(key, error.message);
      throw error;
    }
  }

  function tell(key: string, problem: string | undefined): void {
    if (problems.get(key) === problem) return;
    if (problem === undefined) problems.delete(key);
    else problems.set(key, problem);
    report(key);
  }

  async function podOf({ metadata: { namespace, name } }: Sandbox, signal: AbortSignal): Promise<Pod | undefined> {
    try {
      return await kube.get(POD, { name, ...(namespace !== undefined && { namespace }) }, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  const isOpen = (key: string): boolean => {
    const sandbox = sandboxes.store.get(key);
    return sandbox !== undefined && isRouted(sandbox, pods.store.get(key));
  };
  // What was just made is no reason to look, unless it came too late.
  const isNews = ({ object, previous }: Change<KubeObject>): boolean =>
    object === undefined || previous !== undefined || !sandboxKeysOf(object).some(isOpen);
  return new Controller({
    name: "tunnelroute",
    sources: [
      onMapped(sandboxes, (sandbox) => (hasTunnels(sandbox) ? [keyOfObject(sandbox)] : []), changes(askedOf)),
      onMapped(
        pods,
        (pod) => sandboxKeysOf(pod).filter((key) => hasTunnels(sandboxes.store.get(key))),
        changes(stateOf),
      ),
      onMapped(routes.services, sandboxKeysOf, isNews),
      onMapped(routes.ingresses, sandboxKeysOf, isNews),
    ],
    reconcile,
    workers: 4,
    log,
  });
}

function hasTunnels(sandbox: Sandbox | undefined): boolean {
  return (sandbox?.spec.tunnels ?? []).length > 0;
}

/** Whether an object tells something else than before. */
function changes<T extends KubeObject>(told: (object: T) => unknown): (change: Change<T>) => boolean {
  return ({ object, previous }) => !isDeepStrictEqual(object && told(object), previous && told(previous));
}

function askedOf({ metadata, status }: Sandbox): unknown {
  return [metadata.uid, metadata.generation, metadata.deletionTimestamp, status?.phase === "Finished"];
}

function stateOf(pod: Pod): unknown {
  return [pod.metadata.uid, isUp(pod)];
}

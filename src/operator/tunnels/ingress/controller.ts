import type { KubeObject } from "../../../api/meta.ts";
import { SANDBOX } from "../../../api/sandbox.ts";
import { ApiError, isForbidden, isInvalid } from "../../../kube/api-error.ts";
import type { Kube } from "../../../kube/client.ts";
import type { Pod } from "../../../kube/objects.ts";
import type { Log } from "../../../log.ts";
import { Controller, type Pass } from "../../../runtime/controller.ts";
import { keyOfObject } from "../../../runtime/key.ts";
import { parsed } from "../../../runtime/parsed.ts";
import { perform, type Performer } from "../../../runtime/perform.ts";
import { onMapped } from "../../../runtime/source.ts";
import type { ClusterFacts } from "../../facts.ts";
import { classTermsFor } from "../../sandbox/class-terms.ts";
import type { World } from "../../world.ts";
import { routePlan } from "./plan.ts";
import { type RouteReflectors, routeObjectsOf, sandboxKeysOf } from "./reflectors.ts";

export interface RouteControllerOptions {
  kube: Kube;
  world: Pick<World, "sandboxes" | "pods">;
  routes: RouteReflectors;
  /** Told why the objects of a sandbox cannot be made, by its key, for as long as they cannot. */
  problems: Map<string, string>;
  recorder: Performer["recorder"];
  facts: () => ClusterFacts;
  log: Log;
}

/** Keeps the Services and Ingresses of sandboxes in mode Ingress, from when there is a Pod until it ends, whatever others do to them. */
export function routeController(options: RouteControllerOptions): Controller {
  const { kube, world, routes, problems, recorder, facts, log } = options;
  const { sandboxes, pods } = world;

  async function reconcile(key: string, { signal }: Pass): Promise<void> {
    const known = sandboxes.store.get(key);
    const sandbox = known && parsed(SANDBOX, known);
    const pod = pods.store.get(key);
    const isOwn = pod?.metadata.ownerReferences?.some(({ uid }) => uid === sandbox?.metadata.uid) === true;
    const stored = routeObjectsOf(routes, key);
    const terms = pod && classTermsFor({ pod, facts: facts() })?.tunnels;
    const plan = routePlan({ sandbox, pod: isOwn ? pod : undefined, terms, stored });
    problems.delete(key);
    const subject: KubeObject | undefined = sandbox ?? stored.ingresses[0] ?? stored.services[0];
    if (subject === undefined) return;
    try {
      await perform(plan, SANDBOX, subject, { kube, recorder, signal });
    } catch (error) {
      if (error instanceof ApiError && (isForbidden(error) || isInvalid(error))) problems.set(key, error.message);
      throw error;
    }
  }

  const hasTunnels = (key: string): boolean => (sandboxes.store.get(key)?.spec.tunnels ?? []).length > 0;
  return new Controller({
    name: "tunnelroute",
    sources: [
      onMapped(sandboxes, (sandbox) => [keyOfObject(sandbox)].filter(hasTunnels)),
      onMapped(pods, (pod: Pod) => sandboxKeysOf(pod).filter(hasTunnels)),
      onMapped(routes.services, sandboxKeysOf),
      onMapped(routes.ingresses, sandboxKeysOf),
    ],
    reconcile,
    workers: 4,
    log,
  });
}

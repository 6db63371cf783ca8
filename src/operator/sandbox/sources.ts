import { isDeepStrictEqual } from "node:util";
import { claimantOf } from "../../api/name-claim.ts";
import type { KubeObject } from "../../api/meta.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { listenersOfSlice } from "../../kube/own-ranges.ts";
import { keyOf, keyOfObject } from "../../runtime/key.ts";
import type { Reflector } from "../../runtime/reflector.ts";
import { known, onMapped, onSelf, type Source } from "../../runtime/source.ts";
import { type SandboxIndex, sandboxNameOf, type World } from "../world.ts";
import { toldPorts } from "../tunnels/told-ports.ts";
import { type RouteReflectors, sandboxKeysOf } from "../tunnels/ingress/reflectors.ts";
import { isReasonToLook } from "./pod-change.ts";

/** A sandbox is looked at when it, its Pod, its class or its probe change; the rest has to be known. */
export function sourcesIn(world: World, routes?: RouteReflectors): Source[] {
  const {
    sandboxes,
    pods,
    policies,
    classes,
    probes,
    apps,
    nameClaims,
    nodes,
    runtimeClasses,
    apiServers,
    services,
    egress,
  } = world;
  const keysBy = (index: SandboxIndex, value: string): string[] => sandboxes.store.by(index, value).map(keyOfObject);
  const unfinished = (): Sandbox[] =>
    [...sandboxes.store.values()].filter(({ status }) => status?.phase !== "Finished");
  return [
    onSelf(sandboxes),
    // Of two that were told the same port the later is given another, whichever of them was told last.
    onMapped(
      sandboxes,
      (sandbox) => toldPorts(sandbox).flatMap((port) => keysBy("tcpPort", String(port))),
      ({ object, previous }) =>
        !isDeepStrictEqual(object && toldPorts(object), previous && toldPorts(previous)) && object !== undefined,
    ),
    onMapped(
      pods,
      (pod) => {
        const name = sandboxNameOf(pod);
        return name === undefined ? [] : [`${pod.metadata.namespace ?? ""}/${name}`];
      },
      (change) => isReasonToLook(change, sandboxes.store.get(change.key)?.status?.phase === "Finished"),
    ),
    // One that has finished meanwhile could not free what was not known yet.
    onMapped(nameClaims, (claim) => {
      const key = keyOf({ namespace: claim.metadata.namespace ?? "", name: claimantOf(claim)?.name ?? "" });
      return sandboxes.store.get(key)?.status?.phase === "Finished" ? [key] : [];
    }),
    onMapped(probes, (probe) => keysBy("probe", keyOfObject(probe))),
    onMapped(classes, ({ metadata }) =>
      unfinished()
        .filter(({ spec }) => spec.className === undefined || spec.className === metadata.name)
        .map(keyOfObject),
    ),
    known(policies),
    // An app decides of which class a sandbox is that waits for one.
    onMapped(
      apps,
      (app) =>
        sandboxes.store
          .by("app", keyOfObject(app))
          .filter((sandbox) => isUnscheduled(sandbox) && sandbox.status?.phase !== "Finished")
          .map(keyOfObject),
      ({ object, previous }) => object?.spec.className !== previous?.spec.className,
    ),
    // What waits for enforcement needs one by which to tell it.
    onMapped(
      apiServers,
      () => unfinished().filter(isUnscheduled).map(keyOfObject),
      ({ object, previous }) =>
        !isDeepStrictEqual(object && listenersOfSlice(object), previous && listenersOfSlice(previous)),
    ),
    ...(routes === undefined ? [] : [onRoutes(routes.services, world), onRoutes(routes.ingresses, world)]),
    known(nodes),
    known(runtimeClasses),
    known(egress),
    ...(services ? [known(services)] : []),
  ];
}

/** What leads to tunnels, until these have been told. */
function onRoutes<T extends KubeObject>(reflector: Reflector<T, "sandbox">, { sandboxes }: World): Source {
  return onMapped(reflector, (object) =>
    sandboxKeysOf(object).filter((key) => sandboxes.store.get(key)?.status?.tunnels === undefined),
  );
}

function isUnscheduled({ status }: Sandbox): boolean {
  return status?.scheduledAt === undefined;
}

import { LABELS } from "../../../api/constants.ts";
import type { KubeObject } from "../../../api/meta.ts";
import type { Kube } from "../../../kube/client.ts";
import { type Ingress, INGRESS, type Service, SERVICE } from "../../../kube/objects.ts";
import type { Log } from "../../../log.ts";
import { keyOf } from "../../../runtime/key.ts";
import { Reflector } from "../../../runtime/reflector.ts";
import { managedSelector } from "../../names.ts";
import type { RouteObjects } from "./objects.ts";

/** The Services and Ingresses of sandboxes, by the keys of these. */
export interface RouteReflectors {
  services: Reflector<Service, "sandbox">;
  ingresses: Reflector<Ingress, "sandbox">;
}

/** The reflectors, not yet running; of one namespace, or of all. */
export function routeReflectors(kube: Kube, log: Log, namespace?: string): RouteReflectors {
  const options = {
    log,
    labelSelector: `${managedSelector},${LABELS.sandbox}`,
    indexes: { sandbox: sandboxKeysOf },
    ...(namespace !== undefined && { namespace }),
  };
  return { services: new Reflector(kube, SERVICE, options), ingresses: new Reflector(kube, INGRESS, options) };
}

/** Those of one sandbox. */
export function routeObjectsOf({ services, ingresses }: RouteReflectors, key: string): RouteObjects {
  return { services: services.store.by("sandbox", key), ingresses: ingresses.store.by("sandbox", key) };
}

/** The key of the sandbox that the labels of an object name, if they do. */
export function sandboxKeysOf({ metadata }: KubeObject): string[] {
  const name = metadata.labels?.[LABELS.sandbox];
  return name === undefined ? [] : [keyOf({ namespace: metadata.namespace ?? "", name })];
}

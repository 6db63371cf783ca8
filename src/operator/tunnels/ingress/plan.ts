import { isDeepStrictEqual } from "node:util";
import { GROUP } from "../../../api/constants.ts";
import type { KubeObject, ResourceKind } from "../../../api/meta.ts";
import { SANDBOX, type Sandbox } from "../../../api/sandbox.ts";
import type { ClassTunnels } from "../../../api/schema/class-tunnels.ts";
import { INGRESS, type Pod, SERVICE, type Service } from "../../../kube/objects.ts";
import type { Apply, Plan, Remove } from "../../../runtime/plan.ts";
import { appliedHash, specHashAnnotation } from "../../../runtime/perform.ts";
import { identityOf } from "../../sandbox/identity.ts";
import { hasEnded } from "../../sandbox/pod-state.ts";
import { routeObjectsFor, type RouteObjects, routePrefix } from "./objects.ts";

/** What there is of one sandbox. */
export interface RouteInputs {
  /** Absent once it is gone. */
  sandbox: Sandbox | undefined;
  /** Its own Pod. */
  pod: Pod | undefined;
  /** What its class said of tunnels when the Pod was made, in mode Ingress. */
  terms: ClassTunnels | undefined;
  /** Those with its name on them. */
  stored: RouteObjects;
}

/** What to do about the Services and Ingresses of a sandbox: they are there, as they should be, for as long as its Pod runs. */
export function routePlan({ sandbox, pod, terms, stored }: RouteInputs): Plan {
  const isOpen = sandbox !== undefined && terms !== undefined && isRouted(sandbox, pod);
  const wanted = isOpen ? routeObjectsFor(sandbox, terms) : { services: [], ingresses: [] };
  const services = wanted.services.map((service) => withToldPorts(service, stored.services, sandbox));
  return {
    // An Ingress is of no use before its Service is there.
    apply: [...applyOf(SERVICE, services, stored.services), ...applyOf(INGRESS, wanted.ingresses, stored.ingresses)],
    remove: [
      ...removalsOf(INGRESS, wanted.ingresses, stored.ingresses),
      ...removalsOf(SERVICE, services, stored.services),
    ],
    events: [],
  };
}

/** Whether anything is to lead to a sandbox with this Pod: from when there is one until either is to end. */
export function isRouted(sandbox: Sandbox, pod: Pod | undefined): boolean {
  return isToRun(sandbox) && isUp(pod);
}

/**
 * Whether all would be taken away for want of a Pod alone. A replica that has just begun to lead may know older Pods than
 * sandboxes, and clients of a running one would be cut off.
 */
export function hangsOnPod({ sandbox, pod, stored }: Omit<RouteInputs, "terms">): boolean {
  if (sandbox === undefined || pod !== undefined || !isToRun(sandbox)) return false;
  return [...stored.services, ...stored.ingresses].some(isOwned);
}

function isToRun({ metadata, spec, status }: Sandbox): boolean {
  if (metadata.deletionTimestamp !== undefined || spec.desiredState === "Terminated") return false;
  return status?.phase !== "Finished";
}

/** Whether the Pod runs or is about to. */
export function isUp(pod: Pod | undefined): boolean {
  return pod !== undefined && pod.metadata.deletionTimestamp === undefined && !hasEnded(pod);
}

/** A Service that somebody took away comes back at the ports that clients have been told. */
function withToldPorts(service: Service, stored: Service[], sandbox: Sandbox | undefined): Service {
  const { spec, metadata } = service;
  if (spec?.type !== "NodePort" || stored.some((other) => other.metadata.name === metadata.name)) return service;
  const told = new Map(sandbox?.status?.tunnels?.map((tunnel) => [tunnel.containerPort, tunnel.unencryptedPort]));
  const ports = spec.ports?.map((entry) => {
    const nodePort = told.get(entry.port);
    return nodePort === undefined ? entry : { ...entry, nodePort };
  });
  return { ...service, spec: { ...spec, ...(ports && { ports }) } };
}

function applyOf<T extends KubeObject>(kind: ResourceKind<T>, wanted: T[], stored: T[]): Apply[] {
  return wanted.filter((object) => !stored.some((other) => isAs(other, object))).map((object) => ({ kind, object }));
}

function removalsOf<T extends KubeObject>(kind: ResourceKind<T>, wanted: T[], stored: T[]): Remove[] {
  return stored
    .filter((object) => isOwned(object) && object.metadata.deletionTimestamp === undefined)
    .filter(({ metadata }) => !wanted.some((other) => other.metadata.name === metadata.name))
    .map((object) => ({ kind, ...identityOf(object) }));
}

/** Whether the operator made it, and so may remove it: anybody may put a label on their own. */
function isOwned({ metadata }: KubeObject): boolean {
  const owners = metadata.ownerReferences ?? [];
  const isOfSandbox = owners.some(
    ({ apiVersion, kind }) => apiVersion.startsWith(`${GROUP}/`) && kind === SANDBOX.kind,
  );
  return isOfSandbox && metadata.name.startsWith(routePrefix);
}

/** Whether it was applied like this and still is so: nobody has changed what was applied, though others may have added to it. */
function isAs(stored: KubeObject, wanted: KubeObject): boolean {
  return (
    stored.metadata.name === wanted.metadata.name &&
    stored.metadata.annotations?.[specHashAnnotation] === appliedHash(wanted) &&
    holds(stored, wanted)
  );
}

function holds(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(stored) &&
      stored.length === wanted.length &&
      wanted.every((item, index) => holds(stored[index], item))
    );
  if (typeof wanted !== "object" || wanted === null) return isDeepStrictEqual(stored, wanted);
  if (typeof stored !== "object" || stored === null) return false;
  const members: Record<string, unknown> = { ...stored };
  return Object.entries(wanted).every(([key, value]) => holds(members[key], value));
}

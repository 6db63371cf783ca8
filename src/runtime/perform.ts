import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { apiVersionOf, type KubeObject, type ResourceKind } from "../api/meta.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../kube/api-error.ts";
import type { Kube, ObjectName } from "../kube/client.ts";
import type { EventRecorder } from "./events.ts";
import { keyOf, keyOfObject } from "./key.ts";
import type { Apply, Plan, Remove, SetFinalizers } from "./plan.ts";

/** The owner of every field that this project writes. */
export const fieldManager = "sandkeep";

/** On each applied object: a hash of what was applied, to know without asking that it is there. */
export const specHashAnnotation = "sandkeep.dev/spec-hash";

/** What `perform` needs of a reflector: what is stored, and to tell it what was written. */
export interface Cache<T extends KubeObject = KubeObject> {
  readonly kind: ResourceKind<T>;
  readonly store: { get(key: string): T | undefined };
  learn(object: T): void;
}

export interface Performer {
  kube: Kube;
  recorder: Pick<EventRecorder, "record">;
  /** The kinds that are watched. An object of another kind is written at each pass that plans it. */
  caches?: Cache[];
  signal?: AbortSignal;
}

/**
 * Does what a plan says, in its order, stopping at the first failure; a plan of a later pass picks up from there. A plan
 * whose wishes are fulfilled costs no request.
 */
export async function perform<T extends KubeObject>(
  plan: Plan<T>,
  kind: ResourceKind<T>,
  object: T,
  performer: Performer,
): Promise<void> {
  for (const wish of plan.apply) await apply(wish, object, performer);
  for (const wish of plan.remove) await remove(wish, performer);
  if (plan.status !== undefined) await writeStatus(kind, object, plan.status, performer);
  // Before what may fail: once the status tells of a step, no later pass plans its Event.
  for (const event of plan.events) performer.recorder.record(kind, object, event);
  for (const wish of plan.finalizers ?? []) await setFinalizers(wish, performer);
}

/** What `specHashAnnotation` says of an object that was applied like this. */
export function appliedHash(object: KubeObject): string {
  return createHash("sha256").update(JSON.stringify(object)).digest("hex").slice(0, 16);
}

async function apply(
  { kind, object, createOnly, wholeSpec }: Apply,
  owner: KubeObject,
  performer: Performer,
): Promise<void> {
  const { kube, signal } = performer;
  const stored = cacheOf(kind, performer)?.store.get(keyOfObject(object));
  const hash = appliedHash(object);
  if (stored !== undefined && (createOnly || stored.metadata.annotations?.[specHashAnnotation] === hash)) return;
  const annotations = { ...object.metadata.annotations, [specHashAnnotation]: hash };
  const wanted = {
    ...object,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { ...object.metadata, annotations },
  };
  const options = { fieldManager, ...(signal && { signal }) };
  if (createOnly) {
    await create(kind, wanted, owner, kube, options);
    return;
  }
  const applied = await kube.apply(kind, wanted, options);
  const written = wholeSpec ? await withSpecOf(wanted, applied, kind, kube, options) : applied;
  cacheOf(kind, performer)?.learn(written);
}

/** The applied object, after it was replaced if its spec is another than what is wanted. */
async function withSpecOf<T extends KubeObject & { spec?: unknown }>(
  wanted: T,
  applied: T,
  kind: ResourceKind<T>,
  kube: Kube,
  options: { fieldManager: string; signal?: AbortSignal },
): Promise<T> {
  if (isDeepStrictEqual(applied.spec, wanted.spec)) return applied;
  return await kube.replace(kind, { ...wanted, metadata: applied.metadata, spec: wanted.spec }, options);
}

/** Names are deterministic, so that one that exists is ours from an earlier pass, or stands in the way. */
async function create(
  kind: ResourceKind,
  object: KubeObject,
  owner: KubeObject,
  kube: Kube,
  options: { fieldManager: string; signal?: AbortSignal },
): Promise<void> {
  try {
    await kube.create(kind, object, { ...options, strict: true });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { metadata } = await kube.get(kind, nameOf(object), options);
    const ours = metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid);
    if (ours && metadata.deletionTimestamp === undefined) return;
    const why = ours ? "one is being deleted" : "one exists that belongs to something else";
    throw new Error(`Cannot create ${kind.kind} "${keyOfObject(object)}": ${why}`, { cause: error });
  }
}

async function remove({ kind, name, uid, gracePeriodSeconds }: Remove, { kube, signal }: Performer): Promise<void> {
  try {
    await kube.delete(kind, name, {
      uid,
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(signal && { signal }),
    });
  } catch (error) {
    // Another incarnation has the name: the one that was to go is gone.
    if (!isConflict(error)) throw error;
  }
}

async function writeStatus<T extends KubeObject>(
  kind: ResourceKind<T>,
  object: T,
  status: unknown,
  performer: Performer,
): Promise<void> {
  const { kube, signal } = performer;
  // As it will be stored: without the keys that are undefined.
  const wanted: unknown = JSON.parse(JSON.stringify(status));
  if (isDeepStrictEqual(wanted, (object as { status?: unknown }).status)) return;
  const { namespace, name, uid } = object.metadata;
  const body = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { ...(namespace !== undefined && { namespace }), name, ...(uid !== undefined && { uid }) },
    status: wanted,
  };
  try {
    const written = await kube.apply<KubeObject>(kind, body, {
      fieldManager,
      subresource: "status",
      ...(signal && { signal }),
    });
    cacheOf(kind, performer)?.learn(written);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function setFinalizers(wish: SetFinalizers, performer: Performer): Promise<void> {
  const { kind, name, resourceVersion, finalizers } = wish;
  const { kube, signal } = performer;
  const stored = cacheOf(kind, performer)?.store.get(keyOf(name));
  if (stored !== undefined && isDeepStrictEqual(stored.metadata.finalizers ?? [], finalizers)) return;
  try {
    const patch = { metadata: { resourceVersion, finalizers } };
    const written = await kube.mergePatch(kind, name, patch, { fieldManager, ...(signal && { signal }) });
    cacheOf(kind, performer)?.learn(written);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function cacheOf(kind: ResourceKind, { caches = [] }: Performer): Cache | undefined {
  return caches.find((cache) => cache.kind.plural === kind.plural && cache.kind.group === kind.group);
}

function nameOf({ metadata: { namespace, name } }: KubeObject): ObjectName {
  return namespace === undefined ? { name } : { namespace, name };
}

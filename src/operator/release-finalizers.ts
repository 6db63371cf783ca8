import { READINESS_PROBE } from "../api/readiness-probe.ts";
import type { KubeObject, ResourceKind } from "../api/meta.ts";
import { FIELD_MANAGER, FINALIZERS } from "../api/constants.ts";
import type { Config } from "../config.ts";
import { kubeClient } from "../kube/api-client.ts";
import { isConflict, isNotFound } from "../kube/api-error.ts";
import type { Kube, ObjectName } from "../kube/client.ts";
import { connect } from "../kube/connection.ts";
import { listAll } from "../kube/list-all.ts";
import { POD } from "../kube/objects.ts";
import { log } from "../log.ts";
import { managedSelector, probeFinalizer } from "./names.ts";

/** Takes this operator's finalizers off everything, so that nothing hangs once the operator is uninstalled. */
export async function runReleaseFinalizers(config: Config, signal: AbortSignal): Promise<void> {
  await using connection = connect(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig });
  const released = await releaseFinalizers(kubeClient(connection), signal);
  log.info({ released }, "finalizers released");
}

/** As `runReleaseFinalizers`, over a client, in one namespace or all; answers with how many objects had one. */
export async function releaseFinalizers(kube: Kube, signal: AbortSignal, namespace?: string): Promise<number> {
  const where = { signal, ...(namespace === undefined ? {} : { namespace }) };
  const pods = await listAll(kube, POD, { ...where, labelSelector: managedSelector });
  const probes = await listAll(kube, READINESS_PROBE, where);
  const released = await releaseAll(kube, POD, FINALIZERS.exitStatus, pods.items, signal);
  return released + (await releaseAll(kube, READINESS_PROBE, probeFinalizer, probes.items, signal));
}

async function releaseAll(
  kube: Kube,
  kind: ResourceKind,
  finalizer: string,
  objects: KubeObject[],
  signal: AbortSignal,
): Promise<number> {
  const held = objects.filter(({ metadata }) => metadata.finalizers?.includes(finalizer));
  for (const { metadata } of held) {
    const { namespace, name } = metadata;
    await release(kube, kind, { name, ...(namespace === undefined ? {} : { namespace }) }, finalizer, signal);
  }
  return held.length;
}

/** Read anew before each try: what is written is the whole set, guarded by the version it was read from. */
async function release(
  kube: Kube,
  kind: ResourceKind,
  name: ObjectName,
  finalizer: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      const { metadata } = await kube.get(kind, name, { signal });
      const { resourceVersion, finalizers = [] } = metadata;
      const patch = { metadata: { resourceVersion, finalizers: finalizers.filter((other) => other !== finalizer) } };
      await kube.mergePatch(kind, name, patch, { fieldManager: FIELD_MANAGER, signal });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
    }
  }
}

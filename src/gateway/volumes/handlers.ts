import { DEFAULT_CLASS } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import { parseObject } from "../../api/parse.ts";
import { subjects } from "../../api/route.ts";
import type { volumeRoutes } from "../../api/routes/volumes.ts";
import { SANDBOX_CLASS, type SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Kube, ObjectName } from "../../kube/client.ts";
import { PERSISTENT_VOLUME_CLAIM, type PersistentVolumeClaim } from "../../kube/objects.ts";
import type { Audit } from "../audit.ts";
import { getIfThere, getOrCreate } from "../objects/get-or-create.ts";
import type { Call, Guard, Handlers } from "../server/bind.ts";
import { sendJson } from "../server/json.ts";
import { claimFor, isVolume, volumeSelector, volumeView } from "./claim.ts";

/** Volumes, which are PersistentVolumeClaims. Those that were not made here are shown, and otherwise left alone. */
export function volumeHandlers(
  kube: Kube,
  { authorise, audit }: { authorise: Guard["authorise"]; audit: Audit },
): Pick<Handlers, keyof typeof volumeRoutes> {
  const find = async (name: ObjectName, signal: AbortSignal): Promise<PersistentVolumeClaim> => {
    const claim = await getIfThere(kube, PERSISTENT_VOLUME_CLAIM, name, signal);
    if (claim !== undefined) return claim;
    throw new SandkeepError("not_found", "volume", `There is no volume "${name.namespace}/${name.name}"`);
  };

  const put = async ({ params, body: { className }, user, response, signal }: Call<"putVolume">): Promise<void> => {
    const name = nameOf(params);
    const make = async (): Promise<PersistentVolumeClaim> => {
      const { group, version } = subjects.persistentvolumeclaims;
      const right = { verb: "create", group, version, resource: "persistentvolumeclaims" };
      await authorise(user, { ...right, namespace: params.namespace, name: params.volume });
      return claimFor(name, await volumesOf(kube, className, signal));
    };
    const { object, created } = await getOrCreate(kube, PERSISTENT_VOLUME_CLAIM, name, make, signal);
    sendJson(response, created ? 201 : 200, volumeView(object));
  };

  const remove = async ({ params, signal }: Call<"deleteVolume">): Promise<void> => {
    const name = nameOf(params);
    const claim = await find(name, signal);
    if (!isVolume(claim)) throw foreign(name);
    const { uid } = claim.metadata;
    await kube.delete(PERSISTENT_VOLUME_CLAIM, name, { ...(uid && { uid }), signal });
  };

  return {
    async listVolumes({ params: { namespace }, query: { limit, cursor = "" }, signal }) {
      const options = { namespace, labelSelector: volumeSelector, limit, continue: cursor, signal };
      const page = await kube.list(PERSISTENT_VOLUME_CLAIM, options);
      return { items: page.items.map(volumeView), ...(page.continue && { cursor: page.continue }) };
    },

    getVolume: async ({ params, signal }) => volumeView(await find(nameOf(params), signal)),

    putVolume: (call) => audit.volume(call, put(call)),

    deleteVolume: (call) => audit.volume(call, remove(call)),
  };
}

/**
 * What a class says of volumes. Throws `failed_precondition` for one that is not there, other than the default, or that
 * this version cannot read.
 */
async function volumesOf(kube: Kube, name: string, signal: AbortSignal): Promise<SandboxClassSpec["volumes"]> {
  const stored = await getIfThere(kube, SANDBOX_CLASS, { name }, signal);
  if (stored === undefined && name === DEFAULT_CLASS) return undefined;
  const parsed = stored && parseObject(SANDBOX_CLASS, stored);
  if (parsed?.ok) return parsed.object.spec.volumes;
  const why = parsed === undefined ? "there is no such class" : parsed.errors.join("; ");
  throw new SandkeepError("failed_precondition", "class", `Cannot make a volume of SandboxClass "${name}": ${why}`);
}

function foreign({ namespace, name }: ObjectName): SandkeepError {
  return new SandkeepError(
    "failed_precondition",
    "volume",
    `Cannot delete volume "${namespace}/${name}": it was not made here. Delete the PersistentVolumeClaim with kubectl`,
  );
}

function nameOf({ namespace, volume }: Call<"getVolume">["params"]): ObjectName {
  return { namespace, name: volume };
}

import type { KubeObject } from "../../api/meta.ts";
import type { Remove } from "../../runtime/plan.ts";

/** What names exactly this object, and no later one of the same name. */
export function identityOf({ metadata }: KubeObject): Pick<Remove, "name" | "uid"> {
  const { name, namespace, uid = "" } = metadata;
  return { name: { name, ...(namespace === undefined ? {} : { namespace }) }, uid };
}

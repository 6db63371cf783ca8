import { ApiServer } from "../../sdk/node/kubernetes/api-server.ts";
import { loadKubeconfig } from "../../sdk/node/kubeconfig/load.ts";
import { selectContext, type Access } from "../../sdk/node/kubeconfig/select.ts";
import type { GlobalOptions } from "../client.ts";

/** Whose kubeconfig it is; undefined where there is none. Throws where it is not whole. */
export async function accessFor({ context, kubeconfig }: GlobalOptions): Promise<Access | undefined> {
  const config = await loadKubeconfig(kubeconfig, process.env);
  return config && selectContext(config, context);
}

/** The API server, as the kubeconfig's user or as somebody whom that user may impersonate. */
export function apiServerOf(access: Access, as?: string): ApiServer {
  if (as === undefined) return new ApiServer(access);
  const impersonation = { user: as, uid: undefined, groups: [], extra: {} };
  return new ApiServer({ ...access, user: { ...access.user, impersonation } });
}

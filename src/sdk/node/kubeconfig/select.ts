import { misconfigured, unsupported } from "../configuration-error.ts";
import type { Cluster, Kubeconfig, User } from "./kubeconfig.ts";

/** One cluster as one user. */
export interface Access {
  server: string;
  cluster: Cluster;
  /** Name in the kubeconfig, for messages. */
  userName: string;
  user: User;
  namespace: string | undefined;
}

/** What the context of this name, or else the current one, stands for. Throws when it is not whole, or cannot be done. */
export function selectContext(config: Kubeconfig, name: string | undefined): Access {
  const contextName = name ?? config.currentContext;
  if (contextName === undefined)
    throw misconfigured(
      `Cannot choose a cluster: the kubeconfig has no current context; pass one of ${listed(config.contexts)} in the ` +
        'option "context", or run kubectl config use-context',
    );
  const context = config.contexts.get(contextName);
  if (context === undefined)
    throw misconfigured(`Cannot use the context "${contextName}": the kubeconfig has ${listed(config.contexts)}`);
  const incomplete = (what: string) =>
    misconfigured(`Cannot use the context "${contextName}" of the kubeconfig: ${what}`);

  const cluster = config.clusters.get(context.cluster ?? "");
  if (cluster === undefined) throw incomplete(`there is no cluster "${context.cluster ?? ""}"`);
  if (cluster.server === undefined) throw incomplete(`its cluster "${context.cluster}" has no server`);
  const user = config.users.get(context.user ?? "");
  if (user === undefined) throw incomplete(`there is no user "${context.user ?? ""}"`);
  if (cluster.proxyUrl !== undefined)
    throw unsupported(
      `Cannot reach the cluster "${context.cluster}" through the proxy of its proxy-url: Sandkeep does not speak to proxies. ` +
        "Set SANDKEEP_URL and SANDKEEP_TOKEN, and reach the gateway some other way",
    );
  if (user.authProvider !== undefined && user.exec === undefined)
    throw unsupported(
      `Cannot use the auth-provider "${user.authProvider}" of the user "${context.user}": Kubernetes has replaced it by exec plugins`,
    );
  const { namespace } = context;
  return { server: cluster.server.replace(/\/+$/, ""), cluster, userName: context.user ?? "", user, namespace };
}

function listed(contexts: ReadonlyMap<string, unknown>): string {
  const names = [...contexts.keys()].map((name) => `"${name}"`).toSorted();
  return names.length === 0 ? "none" : names.join(", ");
}

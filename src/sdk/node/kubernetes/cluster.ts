import type { TLSSocket } from "node:tls";
import type { ConnectOptions } from "../../connect-options.ts";
import { misconfigured } from "../configuration-error.ts";
import { loadKubeconfig } from "../kubeconfig/load.ts";
import { selectContext } from "../kubeconfig/select.ts";
import type { RenewedToken } from "../renewed-token.ts";
import type { Way } from "../way.ts";
import { shared } from "../shared.ts";
import { ApiServer } from "./api-server.ts";
import { gatewayPods } from "./gateway-pods.ts";
import { openGateway } from "./gateway-connection.ts";
import { gatewayToken, type Account } from "./gateway-token.ts";

/** The cluster of a kubeconfig. */
export interface Cluster {
  /** To work in. */
  namespace: string;
  token: RenewedToken;
  /** Asks for other credentials on next use. Tells whether there may be any. */
  forget: () => boolean;
  /** Opens a connection to the gateway, whose certificate is checked only against a given one. */
  open: (ca: string | undefined) => Promise<TLSSocket>;
}

const ways = [
  "a kubeconfig: set KUBECONFIG, or write ~/.kube/config",
  "SANDKEEP_URL and SANDKEEP_TOKEN (or SANDKEEP_TOKEN_FILE)",
  'the options "url" and "token", or "kubeconfig"',
  "a service account, inside a Pod",
];

/** The cluster of the kubeconfig that the options name, or else the environment. Sends nothing. */
export async function clusterOf(
  { kubeconfig, context }: ConnectOptions,
  way: Way,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Cluster> {
  const config = await loadKubeconfig(kubeconfig, env);
  if (config === undefined)
    throw misconfigured(`Cannot find out how to reach Sandkeep. Any of these tells it:\n- ${ways.join("\n- ")}`);
  const access = selectContext(config, context);
  const server = new ApiServer(access);
  const namespace = way.namespace ?? access.namespace ?? "default";
  const explicit = way.serviceAccount !== undefined;
  const account = accountOf(way.serviceAccount ?? "default", namespace);
  // A command line program that runs something opens several connections at once.
  const pods = shared(() => gatewayPods(server, way.gateway));
  const impersonates = access.user.impersonation !== undefined;
  const token = gatewayToken(server, { account, explicit, impersonates });
  return {
    namespace,
    token,
    forget: () => {
      server.forget();
      token.forget();
      return true;
    },
    open: async (ca) => await openGateway(server, way.gateway, await pods(), ca),
  };
}

function accountOf(text: string, namespace: string): Account {
  const [first = "", second, ...more] = text.split("/");
  if (first === "" || second === "" || more.length > 0)
    throw misconfigured(`Cannot act as the service account "${text}": it is written name or namespace/name`);
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second };
}

import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { kubeClient } from "../../src/kube/api-client.ts";
import { connect } from "../../src/kube/connection.ts";
import { type Right, untilMay } from "../support/account.ts";
import { GatewayClient } from "../support/gateway-client.ts";
import { kubectl as run, type Installed } from "../support/installed.ts";
import { newUser } from "../support/user.ts";

/** A namespace of its own, an account in it that may do what Kubernetes' role says, and a client of the gateway as that account. */
export interface Tenant extends AsyncDisposable {
  installed: Installed;
  namespace: string;
  token: string;
  gateway: GatewayClient;
  /** A client of the gateway in the same namespace as somebody else. */
  as: (token: string) => GatewayClient;
  /** Binds a role in the namespace to somebody else's account; resolves once this right has come with it. */
  grant: (
    to: Tenant,
    role: `--${"clusterrole" | "role"}=${string}`,
    right: Omit<Right, "group" | "namespace">,
  ) => Promise<void>;
  /** In the namespace, with every right. */
  kubectl: (args: string[], input?: string) => Promise<string>;
}

/** A new tenant; its namespace goes when it is disposed. */
export async function newTenant(role: "edit" | "view" = "edit"): Promise<Tenant> {
  const installed = inject("installed");
  const namespace = `e2e-${randomBytes(4).toString("hex")}`;
  const kubectl = (args: string[], input?: string) => run(installed, ["--namespace", namespace, ...args], input);
  const token = await newUser(installed, namespace, role);
  const gateway = new GatewayClient(installed, namespace, token);
  return {
    installed,
    namespace,
    token,
    gateway,
    as: (token) => new GatewayClient(installed, namespace, token),
    async grant(to, role, right) {
      const account = { namespace: to.namespace, name: "user" };
      await kubectl(["create", "rolebinding", "guest", role, `--serviceaccount=${account.namespace}:${account.name}`]);
      await using connection = connect({ kubeconfig: installed.kubeconfig });
      await untilMay(kubeClient(connection), account, { namespace, group: "sandkeep.dev", ...right });
    },
    kubectl,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await run(installed, ["delete", "namespace", namespace, "--wait=false"]);
    },
  };
}

/** Small enough that several run at once on two cores. */
export const small = { resources: { requests: { cpu: "10m", memory: "16Mi" } } };

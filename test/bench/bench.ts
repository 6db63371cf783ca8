import { connect, type Connection } from "../../src/kube/connection.ts";
import { kubeClient } from "../../src/kube/api-client.ts";
import type { Kube } from "../../src/kube/client.ts";
import { GatewayClient } from "../support/gateway-client.ts";
import { makeGvisorClass } from "../support/gvisor.ts";
import { kubectl, type Installed } from "../support/installed.ts";

/** What the benchmarks work with: the cluster as an administrator, and the gateway as a user of one namespace. */
export interface Bench extends AsyncDisposable {
  installed: Installed;
  namespace: string;
  connection: Connection;
  kube: Kube;
  gateway: GatewayClient;
  /** The user's. */
  token: string;
}

const namespace = "bench";

/** Makes the namespace, its user and a class for gVisor, where they are missing. */
export async function openBench(installed: Installed): Promise<Bench> {
  await kubectl(installed, ["apply", "-f", "-"], objects);
  await makeGvisorClass(installed);
  const issued = await kubectl(installed, ["-n", namespace, "create", "token", "user", "--audience", "sandkeep"]);
  const token = issued.trim();
  const connection = connect({ kubeconfig: installed.kubeconfig });
  const gateway = new GatewayClient(installed, namespace, token);
  return {
    installed,
    namespace,
    connection,
    kube: kubeClient(connection),
    gateway,
    token,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
    },
  };
}

const objects = `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: user, namespace: ${namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: user, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit }
subjects: [{ kind: ServiceAccount, name: user, namespace: ${namespace} }]
`;

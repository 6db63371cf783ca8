import { randomUUID } from "node:crypto";
import { KubeConfig } from "@kubernetes/client-node";
import { kubeClient } from "../../src/kube/api-client.ts";
import type { Kube } from "../../src/kube/client.ts";
import { Connection } from "../../src/kube/connection.ts";
import { NAMESPACE } from "../../src/kube/objects.ts";
import { type Cluster, type ClusterOptions, useCluster } from "./cluster.ts";
import { tcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** A cluster's API server with a namespace of the test's own, which is deleted with all that is in it. */
export interface TestApiServer extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly connection: Connection;
  readonly kube: Kube;
  readonly namespace: string;
  /** A proxy to the server. */
  proxy(): Promise<TcpProxy>;
  /** Another connection: through a proxy, or with the token in a file instead of the administrator's certificate. */
  connect(options: { proxy?: TcpProxy; tokenFile?: string }): Connection;
}

export async function useApiServer(options: ClusterOptions): Promise<TestApiServer> {
  const cluster = await useCluster(options);
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const connection = new Connection(config);
  const kube = kubeClient(connection);
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  await kube.create(NAMESPACE, { metadata: { name: namespace } });
  const { hostname, port } = new URL(connection.server);
  return {
    cluster,
    connection,
    kube,
    namespace,
    proxy: () => tcpProxy({ host: hostname, port: Number(port) }),
    connect: ({ proxy, tokenFile }) => new Connection(variantOf(config, proxy, tokenFile)),
    async [Symbol.asyncDispose]() {
      await kube.delete(NAMESPACE, { name: namespace });
      await connection[Symbol.asyncDispose]();
    },
  };
}

function variantOf(config: KubeConfig, proxy: TcpProxy | undefined, tokenFile: string | undefined): KubeConfig {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) throw new Error("Cannot connect: the kubeconfig names no cluster or user");
  const variant = new KubeConfig();
  // The certificate names the server, not the proxy.
  const viaProxy = proxy && { server: `https://127.0.0.1:${proxy.port}`, tlsServerName: "kubernetes.default.svc" };
  variant.loadFromClusterAndUser(
    { ...cluster, ...viaProxy },
    tokenFile === undefined ? user : { name: "token", authProvider: { name: "tokenFile", config: { tokenFile } } },
  );
  return variant;
}

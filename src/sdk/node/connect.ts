import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ConnectOptions } from "../connect-options.ts";
import type { Connection } from "../http/transport.ts";
import { misconfigured } from "./configuration-error.ts";
import type { Cluster } from "./kubernetes/cluster.ts";
import { tokenFile } from "./token-file.ts";
import { nodeTransport, type NodeTransportOptions } from "./transport.ts";
import { podFiles, wayOf, type Way } from "./way.ts";

/**
 * The way to a gateway that options and environment describe. Reads files, and sends nothing before the first request.
 * Rejects with what is missing; what is refused later rejects the requests.
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const { env } = process;
  const inPod = env["KUBERNETES_SERVICE_HOST"] !== undefined && existsSync(podFiles.token);
  const way = wayOf(options, env, inPod);
  const ca = await pemOf(way.ca);
  if (way.url !== undefined && way.token.from !== "kubeconfig") {
    const namespace = way.namespace ?? (inPod ? await podNamespace() : undefined) ?? "default";
    return { namespace, transport: nodeTransport({ url: way.url, ...tlsOf(ca), ...tokenOptions(way) }) };
  }
  // Only here, as others have no use for a parser of YAML.
  const { clusterOf } = await import("./kubernetes/cluster.ts");
  const cluster = await clusterOf(options, way, env);
  const { service, namespace } = way.gateway;
  const route =
    way.url === undefined
      ? { url: `https://${service}.${namespace}.svc`, connect: () => cluster.open(ca) }
      : { url: way.url, ...tlsOf(ca) };
  return { namespace: cluster.namespace, transport: nodeTransport({ ...route, ...tokenOptions(way, cluster) }) };
}

function tlsOf(ca: string | undefined): Pick<NodeTransportOptions, "tls"> {
  return ca === undefined ? {} : { tls: { ca } };
}

function tokenOptions({ token }: Way, cluster?: Cluster): Pick<NodeTransportOptions, "token" | "refused"> {
  if (token.from === "value") {
    const { value } = token;
    return typeof value === "function" ? { token: value } : { token: () => value };
  }
  if (token.from === "kubeconfig")
    return cluster ? { token: () => cluster.token.token(), refused: cluster.forget } : {};
  const file = tokenFile(token.path);
  return {
    token: () => file.token(),
    refused: () => {
      file.forget();
      return true;
    },
  };
}

async function pemOf(ca: Way["ca"]): Promise<string | undefined> {
  if (ca === undefined || "pem" in ca) return ca?.pem;
  try {
    return await readFile(ca.file, "utf8");
  } catch (cause) {
    throw misconfigured(
      `Cannot read ${ca.file} of SANDKEEP_CA_FILE: ${cause instanceof Error ? cause.message : ""}`,
      cause,
    );
  }
}

async function podNamespace(): Promise<string | undefined> {
  const text = await readFile(podFiles.namespace, "utf8").catch(() => "");
  return text.trim() || undefined;
}

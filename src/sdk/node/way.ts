import type { ConnectOptions } from "../connect-options.ts";
import { misconfigured } from "./configuration-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the bearer token comes from. */
export type TokenWay =
  | { from: "value"; value: string | (() => string | Promise<string>) }
  | { from: "file"; path: string }
  | { from: "kubeconfig" };

/** How a gateway is reached, decided. */
export interface Way {
  /** Without one, through the API server of a kubeconfig. */
  url: string | undefined;
  token: TokenWay;
  ca: { pem: string } | { file: string } | undefined;
  namespace: string | undefined;
  serviceAccount: string | undefined;
  gateway: { namespace: string; service: string };
}

/** What the kubelet puts into Pods that have a service account. */
export const podFiles = {
  token: "/var/run/secrets/kubernetes.io/serviceaccount/token",
  namespace: "/var/run/secrets/kubernetes.io/serviceaccount/namespace",
} as const;

/** The first of: what the options name, what the environment names, the Pod's service account, the kubeconfig. */
export function wayOf(options: ConnectOptions, env: Environment, inPod: boolean): Way {
  const named = (name: string) => env[name] || undefined;
  const { namespace = "sandkeep-system", service = "sandkeep-gateway" } = options.gateway ?? {};
  const serviceAccount = options.serviceAccount ?? named("SANDKEEP_SERVICE_ACCOUNT");
  const caFile = named("SANDKEEP_CA_FILE");
  const base = {
    namespace: options.namespace ?? named("SANDKEEP_NAMESPACE"),
    ca: options.ca !== undefined ? { pem: options.ca } : caFile !== undefined ? { file: caFile } : undefined,
    serviceAccount,
    gateway: { namespace, service },
  };
  const given = givenToken(options, named);

  const byKubeconfig = options.kubeconfig !== undefined || options.context !== undefined;
  const url = options.url ?? (byKubeconfig ? undefined : named("SANDKEEP_URL"));
  if (url !== undefined) {
    const token = given ?? (byKubeconfig || serviceAccount !== undefined ? kubeconfig : inPod ? ofPod : undefined);
    if (token === undefined)
      throw misconfigured(
        `Cannot connect to ${url} without a token: pass one in the option "token", or set SANDKEEP_TOKEN or ` +
          "SANDKEEP_TOKEN_FILE; kubectl create token default --audience sandkeep makes one",
      );
    return { ...base, url: checkedUrl(url), token };
  }
  if (inPod && !byKubeconfig) return { ...base, url: `https://${service}.${namespace}.svc`, token: given ?? ofPod };
  return { ...base, url: undefined, token: given ?? kubeconfig };
}

const kubeconfig: TokenWay = { from: "kubeconfig" };
const ofPod: TokenWay = { from: "file", path: podFiles.token };

function givenToken({ token }: ConnectOptions, named: (name: string) => string | undefined): TokenWay | undefined {
  const value = token ?? named("SANDKEEP_TOKEN");
  if (value !== undefined) return { from: "value", value };
  const path = named("SANDKEEP_TOKEN_FILE");
  return path === undefined ? undefined : { from: "file", path };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname))) return text;
  throw misconfigured(
    `Cannot connect to "${text}": the URL of a gateway begins with https://, so that no one can read the token`,
  );
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

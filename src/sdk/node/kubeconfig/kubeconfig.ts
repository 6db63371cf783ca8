/** What of a kubeconfig is used. Paths in it are absolute. */
export interface Kubeconfig {
  currentContext: string | undefined;
  clusters: ReadonlyMap<string, Cluster>;
  users: ReadonlyMap<string, User>;
  contexts: ReadonlyMap<string, Context>;
}

export interface Context {
  cluster: string | undefined;
  user: string | undefined;
  namespace: string | undefined;
}

export interface Cluster {
  server: string | undefined;
  authority: Pem;
  insecure: boolean;
  serverName: string | undefined;
  proxyUrl: string | undefined;
}

export interface User {
  token: string | undefined;
  tokenFile: string | undefined;
  certificate: Pem;
  key: Pem;
  basic: { username: string; password: string } | undefined;
  exec: ExecPlugin | undefined;
  impersonation: Impersonation | undefined;
  /** Name of a legacy plugin, such as `oidc`. */
  authProvider: string | undefined;
}

/** PEM, in base64 or in a file; the former counts. */
export interface Pem {
  data: string | undefined;
  file: string | undefined;
}

/** A program that prints credentials, as `client.authentication.k8s.io` has it. */
export interface ExecPlugin {
  apiVersion: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  installHint: string | undefined;
  provideClusterInfo: boolean;
  interactiveMode: string | undefined;
}

export interface Impersonation {
  user: string;
  uid: string | undefined;
  groups: string[];
  extra: Record<string, string[]>;
}

/** Of several files the first that sets something counts, name by name, as kubectl has it. */
export function merge(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged = <T>(pick: (config: Kubeconfig) => ReadonlyMap<string, T>) =>
    new Map([...configs].reverse().flatMap((config) => [...pick(config)]));
  return {
    currentContext: configs.find(({ currentContext }) => currentContext !== undefined)?.currentContext,
    clusters: merged(({ clusters }) => clusters),
    users: merged(({ users }) => users),
    contexts: merged(({ contexts }) => contexts),
  };
}

import { z } from "zod";
import { canonicalHost, DOCKER_HUB } from "./reference.ts";

/** What logs in to a registry. */
export interface Credentials {
  username: string;
  password: string;
}

/** Type of a Kubernetes Secret that holds a Docker configuration. */
export const DOCKER_CONFIG_TYPE = "kubernetes.io/dockerconfigjson";

/** A Docker configuration that logs in to one host. */
export function dockerConfigFor(host: string, { username, password }: Credentials): string {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [host === DOCKER_HUB ? "https://index.docker.io/v1/" : host]: { auth } } });
}

const entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});
const dockerConfig = z.object({ auths: z.record(z.string(), entry) });

/**
 * The credentials for a host in what a Secret holds: a Docker configuration, or a user and password for whatever host it
 * is given for. `undefined` if it has none.
 */
export function credentialsFor(host: string, data: Readonly<Partial<Record<string, string>>>): Credentials | undefined {
  const username = decoded(data["REGISTRY_USERNAME"]);
  const password = decoded(data["REGISTRY_PASSWORD"]);
  if (username !== undefined && password !== undefined) return { username, password };
  return configuredFor(host, data);
}

/**
 * The credentials for a host in a pull secret, as kubelets take them: of type `kubernetes.io/dockerconfigjson`, which says
 * whom they are for. Who may name a Secret does not get to choose that.
 */
export function pullCredentialsFor(
  host: string,
  { type, data = {} }: { type?: string; data?: Partial<Record<string, string>> },
): Credentials | undefined {
  return type === DOCKER_CONFIG_TYPE ? configuredFor(host, data) : undefined;
}

function configuredFor(host: string, data: Readonly<Partial<Record<string, string>>>): Credentials | undefined {
  const config = parsed(decoded(data[".dockerconfigjson"]));
  const [, found] = Object.entries(config?.auths ?? {}).find(([key]) => hostOf(key) === host) ?? [];
  return found && pairOf(found);
}

function pairOf({ auth, username, password }: z.infer<typeof entry>): Credentials | undefined {
  if (username !== undefined && password !== undefined) return { username, password };
  const text = decoded(auth);
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon === -1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Keys of a Docker configuration may be URLs: `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  return canonicalHost(key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "");
}

function parsed(text: string | undefined): z.infer<typeof dockerConfig> | undefined {
  try {
    return text === undefined ? undefined : dockerConfig.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function decoded(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
}

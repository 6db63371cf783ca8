import { DEFAULT_IDENTITY_AUDIENCE } from "../../api/constants.ts";
import type { CreateSandboxInput } from "../../api/sandbox-http.ts";
import type { App } from "../app.ts";
import { checkedEnv, type Env } from "../env.ts";
import { invalid, notSupported } from "../errors.ts";
import type { Image } from "../image.ts";
import type { Probe } from "../probe.ts";
import type { Proxy } from "../proxy.ts";
import { secretsFor, type SecretParam } from "../secret.ts";
import { tunnelsFor } from "../tunnel.ts";
import { absolutePath, wholeSeconds } from "../units.ts";
import type { VolumeParam } from "../volume.ts";
import { literal } from "../../lib/literal.ts";
import { networkFor } from "./network.ts";

export interface SandboxCreateParams {
  /** Processors that it is given at least; may be a fraction. */
  cpu?: number;
  /** Processors that it may use at most. */
  cpuLimit?: number;
  /** Memory that it is given at least; MiB. */
  memoryMiB?: number;
  /** Memory that it may use at most; MiB. */
  memoryLimitMiB?: number;
  /** GPUs, such as `"H100"`, `"A100-80GB:2"` or `"any"`, by names of the class; a list is in order of preference. */
  gpu?: string | readonly string[];
  /** It ends this long after it has started; whole seconds, in milliseconds. Five minutes by default. */
  timeoutMs?: number;
  /** It ends after this long without processes from outside, input or connections; whole seconds, in milliseconds. */
  idleTimeoutMs?: number;
  /** Where its processes start; absolute. The image's by default. */
  workdir?: string;
  /** What it runs, behind the image's ENTRYPOINT if it has one. Without it, it stays up until it is terminated. */
  command?: readonly string[];
  /** Replaces the image's ENTRYPOINT. */
  entrypoint?: readonly string[];
  /** Environment variables of its processes. They win over `secrets`. */
  env?: Env;
  secrets?: readonly SecretParam[];
  /** Volumes, by where they are mounted. */
  volumes?: Readonly<Record<string, VolumeParam>>;
  /** Gives its command a terminal. */
  pty?: boolean;
  /** Ports that are reached from outside, over TLS that ends at the edge; see `tunnels`. */
  encryptedPorts?: readonly number[];
  /** The same for programs that speak HTTP/2. */
  h2Ports?: readonly number[];
  /** The same, and without TLS, too. */
  unencryptedPorts?: readonly number[];
  /** The domain below which hosts are made, one that the class lists. */
  customDomain?: string;
  /** No network at all. */
  blockNetwork?: boolean;
  /** Ranges such as `"203.0.113.0/24"` that it may reach. With this list, or one of domains, it reaches nothing else. */
  outboundCidrAllowlist?: readonly string[];
  /** Domains that it may reach; `*.` before one stands for everything below it. */
  outboundDomainAllowlist?: readonly string[];
  /** Ranges from which its tunnels and connect tokens may be used. */
  inboundCidrAllowlist?: readonly string[];
  proxy?: Proxy;
  /** The cloud provider, by a name of the class. */
  cloud?: string;
  /** Any of these regions. */
  regions?: readonly string[];
  /** Has a Kubernetes Event for each program that is started in it from outside. */
  verbose?: boolean;
  /** How to tell that it is ready. */
  readinessProbe?: Probe;
  /** Unique among the running sandboxes of the app. */
  name?: string;
  tags?: Readonly<Record<string, string>>;
  experimentalOptions?: Readonly<Record<string, boolean | string>>;
  /**
   * Gives its processes a token, in the variable `SANDKEEP_IDENTITY_TOKEN`, by which others recognise it. For the audience
   * `sandkeep.dev`, or for the one that is named; never for the API server.
   */
  includeOidcIdentityToken?: boolean | { audience: string };
  /** The SandboxClass; without it the app's, or the one named `default`. */
  className?: string;
  /** Kubernetes labels of the Sandbox. */
  labels?: Readonly<Record<string, string>>;
  /** Kubernetes annotations of the Sandbox. */
  annotations?: Readonly<Record<string, string>>;
  /** Aborted, a sandbox that was made already is deleted in the background, as far as the gateway can be reached. */
  signal?: AbortSignal | undefined;
}

/** Parameters of features that are not there yet. */
const unsupported = ["experimentalOptions"] as const satisfies readonly (keyof SandboxCreateParams)[];

/** Names of parameters in earlier versions of Modal's SDK, and today's. */
const renamed: Readonly<Record<string, string>> = {
  memory: "memoryMiB",
  memoryLimit: "memoryLimitMiB",
  timeout: "timeoutMs",
  idleTimeout: "idleTimeoutMs",
  cidrAllowlist: "outboundCidrAllowlist",
};

/** @internal What the gateway is asked to create. Throws an `InvalidError` for parameters that are none, `NotSupportedError` for what is not there yet. */
export async function createRequest(
  app: App,
  image: Image | undefined,
  params: SandboxCreateParams,
): Promise<CreateSandboxInput & { secretValues?: Record<string, string> }> {
  // First, so that a promise among them that rejects has somebody who hears of it.
  const [source, secrets, volumes] = await Promise.all([
    image?.spec(),
    secretsFor(params.secrets),
    volumesFor(params.volumes),
  ]);
  checkNames(params);
  const { env, command, entrypoint, name, tags, className, readinessProbe, pty } = params;
  const gpu = gpusFor(params);
  const network = networkFor(params);
  const timeoutSeconds = wholeSeconds("timeoutMs", params.timeoutMs);
  const idleTimeoutSeconds = wholeSeconds("idleTimeoutMs", params.idleTimeoutMs);
  return {
    ...(params.labels && { labels: { ...params.labels } }),
    ...(params.annotations && { annotations: { ...params.annotations } }),
    ...(Object.keys(secrets.values).length > 0 && { secretValues: secrets.values }),
    ...(source?.secretName !== undefined && { imageSecret: source.secretName }),
    spec: {
      app: app.appId,
      ...(source && { image: source.image }),
      ...(name !== undefined && { name: checkedName(name) }),
      ...(tags && { tags: { ...tags } }),
      ...(className !== undefined && { className }),
      ...(entrypoint && entrypoint.length > 0 && { command: entrypoint.map(literal) }),
      ...(command && command.length > 0 && { args: command.map(literal) }),
      ...(params.workdir !== undefined && { workingDir: absolutePath("workdir", params.workdir) }),
      ...(pty !== undefined && { tty: pty }),
      ...identityFor(params.includeOidcIdentityToken),
      ...(env && {
        env: Object.entries(checkedEnv(env)).map(([key, value]) => ({ name: key, value: literal(value) })),
      }),
      ...(secrets.names.length > 0 && { envFrom: secrets.names.map((secret) => ({ secretRef: { name: secret } })) }),
      ...resourcesFor(params),
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      ...(idleTimeoutSeconds !== undefined && { idleTimeoutSeconds }),
      ...(params.verbose !== undefined && { verbose: params.verbose }),
      ...(readinessProbe && { readinessProbe: readinessProbe.spec }),
      ...(network && { network }),
      ...tunnelsFor(params),
      ...(gpu.length > 0 && { gpu }),
      ...placementFor(params),
      ...(volumes.length > 0 && { volumes }),
    },
  };
}

function checkNames(params: SandboxCreateParams): void {
  for (const name of Object.keys(params)) {
    const now = renamed[name];
    if (now !== undefined) throw invalid(`Parameter ${name} is called ${now}`);
  }
  for (const name of unsupported) {
    const value = params[name];
    if (value !== undefined) throw notSupported(`sandboxes.create with ${name}`);
  }
}

function checkedName(name: string): string {
  if (!/^[A-Za-z0-9._-]{1,63}$/.test(name))
    throw invalid(`name ${JSON.stringify(name)} must be letters, digits, '-', '.' and '_', shorter than 64 characters`);
  return name;
}

function identityFor(asked: SandboxCreateParams["includeOidcIdentityToken"] = false) {
  if (asked === false) return {};
  return { identityToken: { audience: asked === true ? DEFAULT_IDENTITY_AUDIENCE : asked.audience } };
}

function resourcesFor({ cpu, cpuLimit, memoryMiB, memoryLimitMiB }: SandboxCreateParams) {
  checkLimit("cpu", cpu, "cpuLimit", cpuLimit);
  checkLimit("memoryMiB", memoryMiB, "memoryLimitMiB", memoryLimitMiB);
  const requests = quantities(cpu, memoryMiB);
  const limits = quantities(cpuLimit, memoryLimitMiB);
  if (requests === undefined && limits === undefined) return {};
  return { resources: { ...(requests && { requests }), ...(limits && { limits }) } };
}

function checkLimit(name: string, value: number | undefined, limitName: string, limit: number | undefined): void {
  if (value !== undefined && !(value > 0)) throw invalid(`${name} must be positive, got ${value}`);
  if (limit === undefined) return;
  if (value === undefined) throw invalid(`${limitName} needs ${name} beside it`);
  if (!(limit >= value)) throw invalid(`${limitName} (${limit}) must not be below ${name} (${value})`);
}

function gpusFor({ gpu = [] }: SandboxCreateParams): string[] {
  const gpus = typeof gpu === "string" ? [gpu] : [...gpu];
  for (const text of gpus) {
    const count = /:(.*)$/.exec(text)?.[1] ?? "1";
    if (!/^[1-9]\d*$/.test(count))
      throw invalid(`gpu ${JSON.stringify(text)} must have a positive whole number behind ":", got "${count}"`);
  }
  return gpus;
}

function placementFor({ cloud, regions = [] }: SandboxCreateParams) {
  if (cloud === undefined && regions.length === 0) return {};
  return {
    placement: { ...(cloud !== undefined && { cloud }), ...(regions.length > 0 && { regions: [...regions] }) },
  };
}

function quantities(cores: number | undefined, mebibytes: number | undefined): Record<string, string> | undefined {
  if (cores === undefined && mebibytes === undefined) return undefined;
  return {
    ...(cores !== undefined && { cpu: `${Math.max(1, Math.trunc(cores * 1000))}m` }),
    ...(mebibytes !== undefined && { memory: `${Math.ceil(mebibytes)}Mi` }),
  };
}

async function volumesFor(volumes: SandboxCreateParams["volumes"] = {}) {
  return await Promise.all(
    Object.entries(volumes).map(async ([mountPath, param], index) => {
      const { name, readOnly, subPath } = await param;
      return {
        name: `volume-${index}`,
        mountPath: absolutePath("The mount path of a volume", mountPath),
        ...(readOnly && { readOnly }),
        ...(subPath !== undefined && { subPath }),
        persistentVolumeClaim: { claimName: name },
      };
    }),
  );
}

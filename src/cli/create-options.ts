import type { Command } from "commander";
import type { SandkeepClient } from "../sdk/client.ts";
import type { SandboxCreateParams } from "../sdk/sandbox/create.ts";
import type { Sandbox } from "../sdk/sandbox/sandbox.ts";
import { DEFAULT_APP } from "../api/constants.ts";
import { Failure } from "./errors.ts";
import { pairs, repeated, variables } from "./parse/pairs.ts";
import { tunnelParams } from "./parse/tunnels.ts";
import { duration, memory, processors } from "./parse/quantity.ts";

/** What `run` and `create` say of the sandbox to make. */
export interface CreateOptions {
  app: string;
  name?: string;
  env?: Record<string, string>;
  secret?: string[];
  volume?: string[];
  pullSecret?: string;
  cpu?: number;
  cpuLimit?: number;
  memory?: number;
  memoryLimit?: number;
  gpu?: string[];
  cloud?: string;
  region?: string[];
  timeout?: number;
  idleTimeout?: number;
  verbose?: boolean;
  workdir?: string;
  command?: boolean;
  identityToken?: string;
  tag?: Record<string, string>;
  label?: Record<string, string>;
  class?: string;
  network: boolean;
  allowCidr?: string[];
  allowDomain?: string[];
  allowFrom?: string[];
  proxy?: string;
  tunnel?: string[];
  domain?: string;
}

/** Adds those options. */
export function withCreateOptions(command: Command): Command {
  return command
    .option("--app <name>", "the app that it belongs to", DEFAULT_APP)
    .option("--name <name>", "unique among the running sandboxes of the app")
    .option("-e, --env <name=value>", "a variable; NAME alone takes the value from here", variables)
    .option("--secret <name>", "variables from a Secret", repeated)
    .option("--volume <name:/path[:ro]>", "mount a volume", repeated)
    .option("--pull-secret <name>", "the Secret with credentials for the image's registry")
    .option("--cpu <count>", "processors that it is given at least", processors)
    .option("--cpu-limit <count>", "processors that it may use", processors)
    .option("--memory <amount>", "memory that it is given at least, such as 512Mi", memory)
    .option("--memory-limit <amount>", "memory that it may use", memory)
    .option("--gpu <kind[:count]>", "a GPU, such as A100-80GB:2; again for what else would do, in that order", repeated)
    .option("--cloud <name>", "the cloud provider")
    .option("--region <name>", "where; again for any of several", repeated)
    .option("--timeout <duration>", "it ends after this long; 5m by default", duration)
    .option("--idle-timeout <duration>", "it ends after this long without use", duration)
    .option("--verbose", "an Event for each program that is started in it")
    .option("-w, --workdir <path>", "where it starts")
    .option("--command", "run the command in place of the image's ENTRYPOINT, not behind it")
    .option("--identity-token <audience>", "a token in SANDKEEP_IDENTITY_TOKEN for who shall recognise it")
    .option("--tag <name=value>", "a tag", pairs)
    .option("--label <name=value>", "a Kubernetes label", pairs)
    .option("--class <name>", "the SandboxClass")
    .option("--no-network", "no network at all")
    .option("--allow-cidr <range>", "reach only this, such as 203.0.113.0/24; again for more", repeated)
    .option("--allow-domain <domain>", "reach only this, such as *.example.com; again for more", repeated)
    .option("--proxy <name>", "reach the outside through the proxy of this Secret, by name only")
    .option("--tunnel <port[/protocol]>", "publish a port over TLS; /h2 for HTTP/2, /tcp also without TLS", repeated)
    .option("--domain <domain>", "the domain below which published ports have their hosts")
    .option("--allow-from <range>", "let only these addresses reach published ports; again for more", repeated);
}

/** Creates the sandbox that the options describe; resolves once it is accepted. */
export async function createSandbox(
  client: SandkeepClient,
  image: string,
  command: readonly string[],
  options: CreateOptions,
  more: Pick<SandboxCreateParams, "pty"> = {},
): Promise<Sandbox> {
  const { App } = await import("../sdk/app.ts");
  const { pullSecret } = options;
  const registry = client.images.fromRegistry(
    image,
    pullSecret === undefined ? undefined : client.secrets.fromName(pullSecret),
  );
  return await client.sandboxes.create(new App(options.app), registry, {
    ...more,
    ...(options.command === true ? { entrypoint: command } : { command }),
    ...paramsOf(options),
    ...(options.secret && { secrets: options.secret.map((name) => client.secrets.fromName(name)) }),
    ...(options.volume && { volumes: volumesOf(client, options.volume) }),
    ...(options.proxy !== undefined && { proxy: await client.proxies.fromName(options.proxy) }),
  });
}

function paramsOf(options: CreateOptions): SandboxCreateParams {
  const { name, env, cpuLimit, memoryLimit, gpu, cloud, region, timeout, workdir, identityToken, tag, label, network } =
    options;
  const { cpu = cpuLimit, memory = memoryLimit } = options;
  return {
    ...(name !== undefined && { name }),
    ...(env && { env }),
    ...(cpu !== undefined && { cpu }),
    ...(cpuLimit !== undefined && { cpuLimit }),
    ...(memory !== undefined && { memoryMiB: memory }),
    ...(memoryLimit !== undefined && { memoryLimitMiB: memoryLimit }),
    ...(gpu && { gpu }),
    ...(cloud !== undefined && { cloud }),
    ...(region && { regions: region }),
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(options.idleTimeout !== undefined && { idleTimeoutMs: options.idleTimeout }),
    ...(options.verbose === true && { verbose: true }),
    ...(workdir !== undefined && { workdir }),
    ...(identityToken !== undefined && { includeOidcIdentityToken: { audience: identityToken } }),
    ...(tag && { tags: tag }),
    ...(label && { labels: label }),
    ...(options.class !== undefined && { className: options.class }),
    ...(!network && { blockNetwork: true }),
    ...(options.allowCidr && { outboundCidrAllowlist: options.allowCidr }),
    ...(options.allowDomain && { outboundDomainAllowlist: options.allowDomain }),
    ...(options.allowFrom && { inboundCidrAllowlist: options.allowFrom }),
    ...(options.tunnel && tunnelParams(options.tunnel)),
    ...(options.domain !== undefined && { customDomain: options.domain }),
  };
}

function volumesOf(client: SandkeepClient, volumes: readonly string[]): NonNullable<SandboxCreateParams["volumes"]> {
  return Object.fromEntries(
    volumes.map((text) => {
      const [, name, path, readOnly] = /^([^:]+):(\/[^:]*)(:ro)?$/.exec(text) ?? [];
      if (name === undefined || path === undefined)
        throw new Failure(`"${text}" is no volume`, "Write NAME:/path, or NAME:/path:ro to read only.");
      const volume = client.volumes.fromName(name);
      return [
        path,
        readOnly === undefined ? volume : volume.then((found) => found.withMountOptions({ readOnly: true })),
      ];
    }),
  );
}

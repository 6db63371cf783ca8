import { AGENT_PATHS, ANNOTATIONS, SANDBOX_CONTAINER } from "../../api/constants.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Container, Pod, Volume } from "../../kube/objects.ts";
import { identityConfigFor } from "./identity-token.ts";
import { askedLimits } from "./limits.ts";
import type { PodInputs } from "./pod.ts";
import { flushedPaths } from "./volumes.ts";

/** How the agent gets into a Pod: mounted from its image, or copied by an init container. */
export type AgentDelivery = "ImageVolume" | "InitContainer";

/** The parts of a Pod that bring the agent and give it a place to work. */
export interface AgentParts {
  volumes: Volume[];
  mounts: NonNullable<Container["volumeMounts"]>;
  initContainers: Container[];
}

/** The init container that copies the agent. */
export const agentInstaller = "sandkeep-agent";

const binariesVolume = "sandkeep-bin";
const runVolume = "sandkeep-run";

/** The agent at `/.sandkeep/bin`, read-only, and its working directory at `/.sandkeep/run`. */
export function agentPartsFor(image: string, delivery: AgentDelivery, restrictions: SecurityOfAgent): AgentParts {
  const byVolume = delivery === "ImageVolume";
  return {
    volumes: [
      byVolume ? { name: binariesVolume, image: { reference: image } } : { name: binariesVolume, emptyDir: {} },
      { name: runVolume, emptyDir: {} },
    ],
    mounts: [
      { name: binariesVolume, mountPath: AGENT_PATHS.binaries, readOnly: true },
      { name: runVolume, mountPath: AGENT_PATHS.run },
    ],
    initContainers: byVolume ? [] : [installerFor(image, restrictions)],
  };
}

/** The security context of the container that only copies the agent. */
export type SecurityOfAgent = NonNullable<Container["securityContext"]>;

function installerFor(image: string, securityContext: SecurityOfAgent): Container {
  return {
    name: agentInstaller,
    image,
    command: ["/agent", "install", AGENT_PATHS.binaries],
    volumeMounts: [{ name: binariesVolume, mountPath: AGENT_PATHS.binaries }],
    securityContext,
    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
  };
}

/** Ends the agent's own arguments. */
const commandFollows = "--";

/** What the sandbox's container runs: the agent as its first process, which runs the sandbox's own command. */
export function agentCommandFor(
  sandbox: Sandbox,
  command: string[],
  { probe, deniedAddresses = [] }: Pick<PodInputs, "probe" | "deniedAddresses">,
): string[] {
  const { terminationGracePeriodSeconds, tty = false, tunnels = [] } = sandbox.spec;
  const identity = identityConfigFor(sandbox.spec);
  const flushed = flushedPaths(sandbox.spec);
  const config = {
    ...askedLimits(sandbox),
    ...(tunnels.length === 0 ? {} : { tunnelPorts: tunnels.map(({ port }) => port) }),
    terminationGracePeriodSeconds,
    tty,
    lingerSeconds: lingerSecondsOf(sandbox),
    ...(probe === undefined ? {} : { readiness: probe }),
    ...(identity && { identity }),
    ...(flushed.length > 0 && { volumes: flushed }),
    ...(deniedAddresses.length > 0 && { deniedAddresses }),
  };
  return [AGENT_PATHS.binary, "init", "--config", unexpanded(JSON.stringify(config)), commandFollows, ...command];
}

/** The sandbox's own command in its Pod, as Kubernetes takes it; empty where nothing but the agent runs. */
export function commandIn({ spec }: Pod): string[] {
  const { command = [] } = spec?.containers.find(({ name }) => name === SANDBOX_CONTAINER) ?? {};
  const separator = command.indexOf(commandFollows);
  return separator === -1 ? [] : command.slice(separator + 1);
}

/** The same JSON without a `$`: in a container's command Kubernetes expands `$(NAME)` and `$$`, but not in a probe's. */
function unexpanded(json: string): string {
  return json.replaceAll("$", String.raw`\u0024`);
}

/** For how long the agent stays for readers after the command has ended: 0 to 5 s, as the gateway asks. */
function lingerSecondsOf({ metadata }: Sandbox): number {
  const asked = Number(metadata.annotations?.[ANNOTATIONS.lingerSeconds] ?? 0);
  return Number.isFinite(asked) ? Math.min(Math.max(asked, 0), 5) : 0;
}

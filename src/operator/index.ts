import { openLink } from "../agent-link/open.ts";
import type { Config } from "../config.ts";
import { kubeClient } from "../kube/api-client.ts";
import { connect } from "../kube/connection.ts";
import { log as rootLog } from "../log.ts";
import { collectProcessMetrics } from "../metrics.ts";
import { EventRecorder } from "../runtime/events.ts";
import { Leader } from "../runtime/leader.ts";
import { Manager } from "../runtime/manager.ts";
import { clusterFacts, serverMinor } from "./cluster.ts";
import { readClusterNetwork } from "./config.ts";
import { serveMetrics } from "./metrics-server.ts";
import { SandboxController } from "./sandbox/controller.ts";
import { worldOf } from "./world.ts";

/** Runs the controllers until the signal is aborted; rejects when another replica has taken the lead. */
export async function runOperator(config: Config, signal: AbortSignal): Promise<void> {
  const { agentImage, leaderElection, workers } = config.operator;
  if (agentImage === undefined) throw new Error("Cannot start the operator: set SANDKEEP_AGENT_IMAGE");
  const log = rootLog.child({ component: "operator" });
  collectProcessMetrics();
  await using connection = connect(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig });
  const kube = kubeClient(connection);
  const recorder = new EventRecorder({ kube, controller: "sandkeep.dev/operator", log });
  const world = worldOf(kube);
  const minor = await serverMinor(kube, log, signal);
  const sandboxes = new SandboxController({
    kube,
    world,
    recorder,
    settings: { agentImage, network: readClusterNetwork(process.env) },
    facts: clusterFacts(world, minor),
    openLink: (target, opening) => openLink(connection, target, opening),
    workers,
    log,
  });
  const manager = new Manager({
    reflectors: Object.values(world),
    controllers: [sandboxes],
    ...(leaderElection && {
      leader: new Leader({
        kube,
        namespace: config.namespace,
        name: "sandkeep-operator",
        identity: config.podName,
        log,
      }),
    }),
  });
  await using _ = await serveMetrics(config.metricsPort, () => manager.isReady && !signal.aborted);
  await manager.run(signal);
}

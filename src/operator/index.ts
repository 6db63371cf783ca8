import type { Config } from "../config.ts";
import { kubeClient } from "../kube/api-client.ts";
import { connect } from "../kube/connection.ts";
import type { Kube } from "../kube/client.ts";
import { type Log, log as rootLog } from "../log.ts";
import { collectProcessMetrics } from "../metrics.ts";
import { readRegistries } from "../registry/settings.ts";
import { Leader } from "../runtime/leader.ts";
import type { Manager } from "../runtime/manager.ts";
import { readNetworkSettings } from "./config.ts";
import { serveMetrics } from "../metrics-server.ts";
import { operatorFor } from "./operator.ts";

/** Runs the controllers until the signal is aborted; rejects when another replica has taken the lead. */
export async function runOperator(config: Config, signal: AbortSignal): Promise<void> {
  const { agentImage, leaderElection, workers } = config.operator;
  if (agentImage === undefined) throw new Error("Cannot start the operator: set SANDKEEP_AGENT_IMAGE");
  const network = readNetworkSettings(process.env, config.namespace);
  const log = rootLog.child({ component: "operator" });
  collectProcessMetrics();
  await using connection = connect(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig });
  const leader = leaderElection ? leaderFor(config, kubeClient(connection), log) : undefined;
  const options = {
    connection,
    settings: { agentImage, network, tunnels: config.tunnels.reached },
    registries: readRegistries(process.env),
    workers,
    log,
    ...(leader && { leader }),
  };
  let operator: Manager | undefined;
  await using _ = await serveMetrics(config.metricsPort, () => operator?.isReady === true && !signal.aborted);
  operator = await operatorFor(options, signal);
  await operator.run(signal);
}

function leaderFor({ namespace, podName }: Config, kube: Kube, log: Log): Leader {
  return new Leader({ kube, namespace, name: "sandkeep-operator", identity: podName, log });
}

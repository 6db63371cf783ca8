import { openLink } from "../agent-link/open.ts";
import { kubeClient } from "../kube/api-client.ts";
import type { Kube } from "../kube/client.ts";
import type { Connection } from "../kube/connection.ts";
import type { Log } from "../log.ts";
import { imageInspector } from "../registry/inspect.ts";
import type { RegistryOptions } from "../registry/visit.ts";
import { EventRecorder } from "../runtime/events.ts";
import type { Leader } from "../runtime/leader.ts";
import { Manager } from "../runtime/manager.ts";
import { apiServerAudiences } from "./audiences.ts";
import { clusterFacts, serverMinor } from "./cluster.ts";
import { policyController } from "./network/controller.ts";
import { hasServiceRanges } from "../kube/own-ranges.ts";
import { SandboxController } from "./sandbox/controller.ts";
import type { SandboxSettings } from "./sandbox/observed.ts";
import { routeController } from "./tunnels/ingress/controller.ts";
import { routeReflectors } from "./tunnels/ingress/reflectors.ts";
import { snapshotController } from "./snapshot/controller.ts";
import { usageControllers } from "./usage/controllers.ts";
import { worldOf } from "./world.ts";

export interface OperatorOptions {
  connection: Connection;
  settings: SandboxSettings;
  /** Which registries may be asked for what images run. */
  registries: RegistryOptions;
  /** Sandboxes reconciled at once. */
  workers: number;
  /** Absent: all namespaces. */
  namespace?: string;
  /** Absent: this is the only replica. */
  leader?: Leader;
  log: Log;
  /** What requests go through; the connection itself by default. */
  kube?: Kube;
}

/** Everything the operator runs, as one unit; resolves once the API server has told its version. */
export async function operatorFor(options: OperatorOptions, signal: AbortSignal): Promise<Manager> {
  const { connection, settings, registries, workers, namespace, leader, log } = options;
  const kube = options.kube ?? kubeClient(connection);
  const recorder = new EventRecorder({ kube, controller: "sandkeep.dev/operator", log });
  const tellsServices = await hasServiceRanges(kube, log, signal);
  const world = worldOf(kube, log, { release: settings.network.namespace, tellsServices, namespace });
  const minor = await serverMinor(kube, log, signal);
  const facts = clusterFacts(world, {
    minor,
    apiServerAudiences: await apiServerAudiences(kube, log, signal),
    clusterCidrs: settings.network.clusterCidrs,
  });
  const routes = settings.tunnels.ingress === true ? routeReflectors(kube, log, namespace) : undefined;
  const routeProblems = new Map<string, string>();
  const sandboxes = new SandboxController({
    kube,
    world,
    ...(routes && { routes }),
    routeProblems,
    recorder,
    settings,
    facts,
    inspector: imageInspector(registries),
    openLink: (target, opening) => openLink(connection, target, opening),
    workers,
    log,
  });
  const report = (key: string): void => sandboxes.trigger(key);
  return new Manager({
    reflectors: [...Object.values(world), ...Object.values(routes ?? {})],
    controllers: [
      sandboxes,
      policyController({ kube, world, recorder, settings, facts, log }),
      ...(routes
        ? [routeController({ kube, world, routes, problems: routeProblems, report, recorder, facts, log })]
        : []),
      snapshotController(world, kube, recorder, log),
      ...usageControllers(world, kube, recorder, log),
    ],
    ...(leader && { leader }),
  });
}

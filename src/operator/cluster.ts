import type { Kube } from "../kube/client.ts";
import { backoff } from "../lib/backoff.ts";
import { sleep } from "../lib/sleep.ts";
import type { Log } from "../log.ts";
import { type ClusterFacts, factsFrom, tellsOther } from "./facts.ts";
import { listenersOfSlice, rangesOfNode, rangesOfServices, rangesOfSlice } from "../kube/own-ranges.ts";
import { egressBehind } from "./network/egress.ts";
import { closedRanges } from "./network/reach.ts";
import type { World } from "./world.ts";

interface Version {
  minor: string;
}

/** The server's minor version: 36 for 1.36. Asks until there is an answer, or the signal is aborted. */
export async function serverMinor(kube: Kube, log: Log, signal: AbortSignal): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { minor } = await kube.getPath<Version>("/version", { signal });
      return Number.parseInt(minor, 10);
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ error, attempt }, "cannot read the server's version; tried again");
      await sleep(backoff(attempt, { first: 500, most: 10_000 }), signal);
    }
  }
}

/** What is asked once, when the operator starts. */
export interface FirstFacts {
  minor: number;
  apiServerAudiences: ReadonlySet<string> | undefined;
  /** Ranges that are the cluster's own, besides those that it tells itself. */
  clusterCidrs: readonly string[];
}

/** The facts as of now; worked out again only after what a node tells of itself, a runtime class or API server has changed. */
export function clusterFacts(
  { nodes, runtimeClasses, apiServers, services, egress }: World,
  { minor, apiServerAudiences, clusterCidrs }: FirstFacts,
): () => ClusterFacts {
  let known: ClusterFacts | undefined;
  const forget = (): void => void (known = undefined);
  nodes.subscribe(({ object, previous }) => tellsOther(object, previous) && forget());
  runtimeClasses.subscribe(forget);
  apiServers.subscribe(forget);
  services?.subscribe(forget);
  egress.subscribe(forget);
  return () => (known ??= worked());

  function worked(): ClusterFacts {
    const allNodes = [...nodes.store.values()];
    const slices = [...apiServers.store.values()];
    const ofServices = [...(services?.store.values() ?? [])].flatMap(rangesOfServices);
    const own = [...clusterCidrs, ...ofServices, ...allNodes.flatMap(rangesOfNode), ...slices.flatMap(rangesOfSlice)];
    const behind = egressBehind([...egress.store.values()][0]);
    return {
      ...factsFrom(minor, allNodes, [...runtimeClasses.store.values()]),
      closed: closedRanges(own),
      apiServers: slices.flatMap(listenersOfSlice),
      ...(behind && { egress: behind }),
      ...(apiServerAudiences && { apiServerAudiences }),
    };
  }
}

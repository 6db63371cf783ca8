import type { Kube } from "../kube/client.ts";
import { backoff } from "../lib/backoff.ts";
import { sleep } from "../lib/sleep.ts";
import type { Log } from "../log.ts";
import { type ClusterFacts, factsFrom } from "./facts.ts";
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

/** The facts as of now; worked out again only after a node or runtime class has changed. */
export function clusterFacts(
  { nodes, runtimeClasses }: World,
  minor: number,
  apiServerAudiences: ReadonlySet<string> | undefined,
  clusterCidrs: readonly string[],
): () => ClusterFacts {
  let known: ClusterFacts | undefined;
  const forget = (): void => void (known = undefined);
  nodes.subscribe(forget);
  runtimeClasses.subscribe(forget);
  return () =>
    (known ??= {
      ...factsFrom(minor, [...nodes.store.values()], [...runtimeClasses.store.values()], clusterCidrs),
      ...(apiServerAudiences && { apiServerAudiences }),
    });
}

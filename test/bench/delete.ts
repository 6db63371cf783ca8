import { SANDBOX, type Sandbox, sandboxSchema } from "../../src/api/sandbox.ts";
import type { Kube, WatchEvent } from "../../src/kube/client.ts";
import { EVENT } from "../../src/kube/objects.ts";
import { waitFor } from "../support/wait-for.ts";
import type { Bench } from "./bench.ts";
import { each } from "./each.ts";

const count = 500;
const labels = { bench: "delete" };
const labelSelector = "bench=delete";

/**
 * Milliseconds from the first request to delete one of 500 finished sandboxes until a watcher has seen all of them go. They
 * were terminated before they ran: no node takes 500 Pods.
 */
export async function measureDelete({ kube, namespace }: Bench): Promise<number> {
  const names = Array.from({ length: count }, (_, index) => `delete-${index}`);
  const spec = { image: "busybox:stable", desiredState: "Terminated" };
  const watched = async (): Promise<AsyncGenerator<WatchEvent<Sandbox>, void>> => {
    const { resourceVersion } = await kube.list(SANDBOX, { namespace, labelSelector });
    const signal = AbortSignal.timeout(300_000);
    return kube.watch(SANDBOX, { namespace, labelSelector, resourceVersion, signal });
  };

  const finished = allSeen(await watched(), (event) => event.object.status?.phase === "Finished");
  await each(names, (name) =>
    kube.create(SANDBOX, sandboxSchema.parse({ metadata: { name, namespace, labels }, spec })),
  );
  await finished;
  await eventsWritten(kube, namespace);

  const gone = allSeen(await watched(), (event) => event.type === "DELETED");
  const start = performance.now();
  await each(names, (name) => kube.delete(SANDBOX, { namespace, name }));
  await gone;
  return performance.now() - start;
}

/** What the operator writes about the ends would else be part of the deletion. */
async function eventsWritten(kube: Kube, namespace: string): Promise<void> {
  await waitFor("an Event for each end", async () => {
    const { items } = await kube.list(EVENT, { namespace, fieldSelector: "reason=Terminated" });
    return items.filter(({ regarding }) => regarding?.name?.startsWith("delete-")).length >= count;
  });
}

type ObjectEvent = Exclude<WatchEvent<Sandbox>, { type: "BOOKMARK" }>;

/** Resolves once there was such an event of each sandbox. */
async function allSeen(
  events: AsyncGenerator<WatchEvent<Sandbox>, void>,
  isMeant: (event: ObjectEvent) => boolean,
): Promise<void> {
  const seen = new Set<string>();
  for await (const event of events) {
    if (event.type !== "BOOKMARK" && isMeant(event)) seen.add(event.object.metadata.name);
    if (seen.size === count) return;
  }
  throw new Error(`The watch ended after ${seen.size} of ${count} sandboxes`);
}

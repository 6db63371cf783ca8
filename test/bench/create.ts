import type { KubeObject, ResourceKind } from "../../src/api/meta.ts";
import { SANDBOX, sandboxSchema } from "../../src/api/sandbox.ts";
import { POD, type Pod } from "../../src/kube/objects.ts";
import type { Bench } from "./bench.ts";

const pairs = 40;
/** An operator that has just started runs code that is not compiled yet. */
const warmUp = 12;

const image = "busybox:stable";
const resources = { requests: { cpu: "50m", memory: "32Mi" } };

/**
 * Milliseconds until a watcher sees a new sandbox Started, and a bare Pod of the same image and resources Running, in turn.
 * The Pod is as Kubernetes makes it by default, with the volume of its service account's token: a kubelet looks for
 * volumes every 300 ms, so that Pods with one start later than Pods with none. Each comes first every other time, for the
 * runtime still clears up after one while the next starts, and has more to clear after a sandbox.
 */
export async function measureCreate(bench: Bench): Promise<{ sandbox: number[]; pod: number[] }> {
  const samples = { sandbox: [] as number[], pod: [] as number[] };
  for (let pair = 0; pair < warmUp + pairs; pair++) {
    const both = [
      async () => samples.sandbox.push(...(await atOnce(sandboxes, bench, [`sandbox-${pair}`]))),
      async () => samples.pod.push(...(await atOnce(pods, bench, [`pod-${pair}`]))),
    ];
    for (const measure of pair % 2 === 0 ? both : both.reverse()) await measure();
  }
  return { sandbox: samples.sandbox.slice(warmUp), pod: samples.pod.slice(warmUp) };
}

/** How many start at once, and how often. */
const crowd = 20;
const rounds = 4;

/** The same for 20 of a kind at once, kinds in turn, after a first round that does not count. */
export async function measureCrowd(bench: Bench): Promise<{ sandbox: number[]; pod: number[] }> {
  const samples = { sandbox: [] as number[], pod: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const names = (kind: string) => Array.from({ length: crowd }, (_, index) => `${kind}-${round}-${index}`);
    const sandbox = await atOnce(sandboxes, bench, names("sandbox"));
    const pod = await atOnce(pods, bench, names("pod"));
    if (round === 0) continue;
    samples.sandbox.push(...sandbox);
    samples.pod.push(...pod);
  }
  return samples;
}

/** How long the start of each took. None is ended before all have started, and all are gone afterwards. */
async function atOnce({ start, end }: Kind, bench: Bench, names: string[]): Promise<number[]> {
  const took = await Promise.all(names.map((name) => start(bench, name)));
  await Promise.all(
    names.map(async (name) => {
      await end(bench, name);
      await untilGone(bench, name);
    }),
  );
  return took;
}

/** What is started: resolves with the milliseconds that it took until a watcher saw it. */
interface Kind {
  start: (bench: Bench, name: string) => Promise<number>;
  end: (bench: Bench, name: string) => Promise<unknown>;
}

const sandboxes: Kind = {
  start(bench, name) {
    const sandbox = sandboxSchema.parse({ metadata: { name, namespace: bench.namespace }, spec: { image, resources } });
    return untilSeen(bench, SANDBOX, sandbox, ({ status }) => {
      if (status?.phase === "Finished")
        throw new Error(`Sandbox ${name} ended with ${status.reason}: ${status.message}`);
      return status?.phase === "Started";
    });
  },
  end: ({ kube, namespace }, name) => kube.delete(SANDBOX, { name, namespace }),
};

const pods: Kind = {
  start(bench, name) {
    const containers = [{ name: "main", image, command: ["sleep", "3600"], resources }];
    const pod: Pod = { metadata: { name, namespace: bench.namespace }, spec: { containers } };
    return untilSeen(bench, POD, pod, ({ status }) => status?.phase === "Running");
  },
  end: ({ kube, namespace }, name) => kube.delete(POD, { name, namespace }, { gracePeriodSeconds: 0 }),
};

/** Watches first, then creates: the time until an event shows the wanted state. */
async function untilSeen<T extends KubeObject>(
  { kube, namespace }: Bench,
  kind: ResourceKind<T>,
  object: T,
  wanted: (seen: T) => boolean,
): Promise<number> {
  const fieldSelector = `metadata.name=${object.metadata.name}`;
  const { resourceVersion } = await kube.list(kind, { namespace, fieldSelector });
  const signal = AbortSignal.timeout(60_000);
  const events = kube.watch(kind, { namespace, fieldSelector, resourceVersion, signal });
  const first = events.next();
  const start = performance.now();
  await kube.create(kind, object);
  for (let next = await first; next.done !== true; next = await events.next()) {
    const event = next.value;
    if (event.type !== "BOOKMARK" && wanted(event.object)) {
      const took = performance.now() - start;
      await events.return();
      return took;
    }
  }
  throw new Error(`The watch of ${kind.kind} ${object.metadata.name} ended early`);
}

/** So that the end of one does not burden the start of the next. */
async function untilGone({ kube, namespace }: Bench, name: string): Promise<void> {
  const fieldSelector = `metadata.name=${name}`;
  const { items, resourceVersion } = await kube.list(POD, { namespace, fieldSelector });
  if (items.length === 0) return;
  const signal = AbortSignal.timeout(60_000);
  for await (const event of kube.watch(POD, { namespace, fieldSelector, resourceVersion, signal }))
    if (event.type === "DELETED") return;
}

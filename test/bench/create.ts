import type { KubeObject, ResourceKind } from "../../src/api/meta.ts";
import { SANDBOX, sandboxSchema } from "../../src/api/sandbox.ts";
import { POD, type Pod, type PodSpec } from "../../src/kube/objects.ts";
import type { Bench } from "./bench.ts";

const pairs = 40;
/** An operator that has just started runs code that is not compiled yet. */
const warmUp = 12;

const image = "busybox:stable";
const resources = { requests: { cpu: "50m", memory: "32Mi" } };

/** Milliseconds that starts took, by what was started. */
export interface Starts {
  sandbox: number[];
  /** As Kubernetes makes it by default. */
  pod: number[];
  /** The very Pod of such a sandbox, without its operator. */
  confined: number[];
}

/**
 * Milliseconds until a watcher sees a new sandbox Started, and Pods of the same image and resources Running, in turn. The
 * bare Pod is as Kubernetes makes it by default, with the volume of its service account's token: a kubelet looks for
 * volumes every 300 ms, so that Pods with one start later than Pods with none. Each comes first every third time, for the
 * runtime still clears up after one while the next starts, and has more to clear after a sandbox.
 */
export function measureCreate(bench: Bench): Promise<Starts> {
  return measureInTurn(bench, 1, warmUp, warmUp + pairs);
}

/** How many start at once, and how often. */
const crowd = 20;
const rounds = 4;

/** The same for 20 of a kind at once, kinds in turn, after a first round that does not count. */
export function measureCrowd(bench: Bench): Promise<Starts> {
  return measureInTurn(bench, crowd, 1, 1 + rounds);
}

async function measureInTurn(bench: Bench, many: number, uncounted: number, turns: number): Promise<Starts> {
  const kinds = { sandbox: sandboxes, pod: pods, confined: podsLike(await podOfSandbox(bench)) };
  const samples: Starts = { sandbox: [], pod: [], confined: [] };
  const order = ["sandbox", "pod", "confined"] as const;
  for (let turn = 0; turn < turns; turn++) {
    const first = turn % order.length;
    for (const kind of [...order.slice(first), ...order.slice(0, first)]) {
      const names = Array.from({ length: many }, (_, index) => `${kind}-${many}-${turn}-${index}`);
      const took = await atOnce(kinds[kind], bench, names);
      if (turn >= uncounted) samples[kind].push(...took);
    }
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

const pods = podsLike({ containers: [{ name: "main", image, command: ["sleep", "3600"], resources }] });

function podsLike(spec: PodSpec): Kind {
  return {
    start(bench, name) {
      const pod: Pod = { metadata: { name, namespace: bench.namespace }, spec };
      return untilSeen(bench, POD, pod, ({ status }) => status?.phase === "Running");
    },
    end: ({ kube, namespace }, name) => kube.delete(POD, { name, namespace }, { gracePeriodSeconds: 0 }),
  };
}

/** What the operator makes of such a sandbox. */
async function podOfSandbox(bench: Bench): Promise<PodSpec> {
  const metadata = { name: "confined", namespace: bench.namespace };
  await sandboxes.start(bench, metadata.name);
  const { spec } = await bench.kube.get(POD, metadata);
  await sandboxes.end(bench, metadata.name);
  await untilGone(bench, metadata.name);
  if (spec === undefined) throw new Error("The Pod of a sandbox has no spec");
  const { nodeName: _node, ...unbound } = spec;
  return unbound;
}

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

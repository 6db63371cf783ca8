import { SANDBOX, type Sandbox, sandboxSchema } from "../../src/api/sandbox.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { kubectl } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import type { Bench } from "./bench.ts";

const lives = 10;
const restMilliseconds = 5_000;

/** What the operator has done so far, of what counts: Events, Leases and the statistics of classes and apps do not. */
interface Work {
  writes: number;
  reconciles: number;
}

/**
 * What sandboxes cost, each alone: writes to the API server and passes of the operator from creation until a finished
 * sandbox has let go of its Pod, and the writes of five seconds while it runs. The operator counts itself.
 */
export async function measureLife(
  bench: Bench,
): Promise<{ writes: number[]; restWrites: number[]; reconciles: number[] }> {
  const samples = { writes: [] as number[], restWrites: [] as number[], reconciles: [] as number[] };
  for (let life = 0; life < lives; life++) {
    const before = await workOf(bench);
    const name = `life-${life}`;
    await bench.kube.create(SANDBOX, sandboxFor(bench, name));
    await reaches(bench, name, "Started");
    const started = await settled(bench);
    await sleep(restMilliseconds);
    samples.restWrites.push((await workOf(bench)).writes - started.writes);
    await bench.kube.mergePatch(
      SANDBOX,
      { namespace: bench.namespace, name },
      { spec: { desiredState: "Terminated" } },
    );
    await reaches(bench, name, "Finished");
    const after = await settled(bench);
    samples.writes.push(after.writes - before.writes);
    samples.reconciles.push(after.reconciles - before.reconciles);
    await bench.kube.delete(SANDBOX, { namespace: bench.namespace, name });
    await settled(bench);
  }
  return samples;
}

function sandboxFor({ namespace }: Bench, name: string): Sandbox {
  const resources = { requests: { cpu: "50m", memory: "32Mi" } };
  return sandboxSchema.parse({ metadata: { name, namespace }, spec: { image: "busybox:stable", resources } });
}

async function reaches({ kube, namespace }: Bench, name: string, phase: string): Promise<void> {
  await waitFor(`sandbox ${name} to be ${phase}`, async () => {
    const { status } = await kube.get(SANDBOX, { namespace, name });
    return status?.phase === phase;
  });
}

/** The work once nothing was done for a second. */
async function settled(bench: Bench): Promise<Work> {
  let work = await workOf(bench);
  for (let quiet = 0; quiet < 2; quiet++) {
    await sleep(500);
    const now = await workOf(bench);
    if (now.writes !== work.writes || now.reconciles !== work.reconciles) quiet = -1;
    work = now;
  }
  return work;
}

async function workOf({ installed }: Bench): Promise<Work> {
  const system = "sandkeep-system";
  const selector = "app.kubernetes.io/component=operator";
  const names = await kubectl(installed, [
    "-n",
    system,
    "get",
    "pods",
    "-l",
    selector,
    "-o",
    "jsonpath={.items[*].metadata.name}",
  ]);
  const work: Work = { writes: 0, reconciles: 0 };
  for (const name of names.split(" ")) {
    const path = `/api/v1/namespaces/${system}/pods/${name}:8081/proxy/metrics`;
    const metrics = await kubectl(installed, ["get", "--raw", path]);
    for (const [, metric, labels = "", value] of metrics.matchAll(/^(\w+)\{(.*)\} (\d+)$/gm)) {
      if (metric === "sandkeep_kubernetes_requests_total" && isWrite(labels)) work.writes += Number(value);
      if (metric === "sandkeep_reconciles_total" && labels.includes('controller="sandbox"'))
        work.reconciles += Number(value);
    }
  }
  return work;
}

function isWrite(labels: string): boolean {
  return (
    /method="(POST|PUT|PATCH|DELETE)"/.test(labels) &&
    !/resource="(events|leases|sandboxclasses\/status|sandboxapps\/status|pods\/exec)"/.test(labels)
  );
}

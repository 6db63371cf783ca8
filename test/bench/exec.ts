import { openExec } from "../../src/kube/exec.ts";
import type { Bench } from "./bench.ts";

const rounds = 20;
const perRound = { link: 25, raw: 4 };

/** Milliseconds of `/bin/true` in one sandbox, over the gateway's warm link and by an exec stream each, in turn. */
export async function measureExec(bench: Bench, className: string): Promise<{ link: number[]; raw: number[] }> {
  const { gateway } = bench;
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await gateway.create({ spec: { className, image: "busybox:stable", resources } }, "started");
  try {
    const samples = { link: [] as number[], raw: [] as number[] };
    for (let round = 0; round < rounds + 1; round++) {
      for (let i = 0; i < perRound.link; i++) {
        const took = await timed(() => overLink(bench, id));
        if (round > 0) samples.link.push(took);
      }
      for (let i = 0; i < perRound.raw; i++) {
        const took = await timed(() => byStream(bench, id));
        if (round > 0) samples.raw.push(took);
      }
    }
    return samples;
  } finally {
    await gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

async function overLink({ gateway }: Bench, id: string): Promise<void> {
  const { code } = await gateway.exec(id, { command: ["/bin/true"] });
  if (code !== 0) throw new Error(`/bin/true over the link ended with ${code}`);
}

async function byStream({ connection, namespace }: Bench, pod: string): Promise<void> {
  const stream = await openExec(connection, { namespace, pod, container: "sandbox", command: ["/bin/true"] });
  stream.on("error", () => {});
  stream.resume();
  const { code } = await stream.status;
  stream.destroy();
  if (code !== 0) throw new Error(`/bin/true by an exec stream ended with ${code}`);
}

async function timed(task: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

import { openExec } from "../../src/kube/exec.ts";
import type { Bench } from "./bench.ts";
import { smallestProgram } from "./smallest-program.ts";
import { timed } from "./timed.ts";

const rounds = 5;
const perRound = { link: 100, raw: 16 };

/** A gateway that has just started runs code that is not compiled yet: twice as slow. */
const warmUp = 1500;

/** After exec streams the runtime still clears up; so many commands are not measured then. */
const settle = 10;

const bare = "/tmp/bare";

/**
 * Milliseconds of `/bin/true` in one sandbox, over the gateway's warm link and by an exec stream each, in turn; and over
 * the link of a program without a C library.
 */
export async function measureExec(bench: Bench, className: string): Promise<Record<"link" | "raw" | "bare", number[]>> {
  const { gateway } = bench;
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await gateway.create({ spec: { className, image: "busybox:stable", resources } }, "started");
  try {
    await gateway.send("PUT", `/sandboxes/${id}/files?path=${bare}&mode=0755`, smallestProgram());
    const samples = { link: [] as number[], raw: [] as number[], bare: [] as number[] };
    await overLink(bench, id, "/bin/true", warmUp);
    await byStream(bench, id);
    for (let round = 0; round < rounds; round++) {
      await overLink(bench, id, "/bin/true", settle);
      for (let i = 0; i < perRound.link; i++) {
        samples.link.push(await timed(() => overLink(bench, id, "/bin/true")));
        samples.bare.push(await timed(() => overLink(bench, id, bare)));
      }
      for (let i = 0; i < perRound.raw; i++) samples.raw.push(await timed(() => byStream(bench, id)));
    }
    return samples;
  } finally {
    await gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

async function overLink({ gateway }: Bench, id: string, program: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    const { code } = await gateway.exec(id, { command: [program] });
    if (code !== 0) throw new Error(`${program} over the link ended with ${code}`);
  }
}

async function byStream({ connection, namespace }: Bench, pod: string): Promise<void> {
  const stream = await openExec(connection, { namespace, pod, container: "sandbox", command: ["/bin/true"] });
  stream.on("error", () => {});
  stream.resume();
  const { code } = await stream.status;
  stream.destroy();
  if (code !== 0) throw new Error(`/bin/true by an exec stream ended with ${code}`);
}

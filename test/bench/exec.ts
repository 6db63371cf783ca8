import { openExec } from "../../src/kube/exec.ts";
import type { Bench } from "./bench.ts";
import { timed } from "./timed.ts";

const rounds = 5;
const perRound = { link: 100, raw: 16 };

/** A gateway that has just started runs code that is not compiled yet: twice as slow. */
const warmUp = 1500;

/** After exec streams the runtime still clears up; so many commands are not measured then. */
const settle = 10;

/** Their `/bin/true` differ in the C library that they start with. */
const images = { musl: "alpine:3.21", glibc: "debian:bookworm-slim" };

/**
 * Milliseconds of `/bin/true` in a sandbox of Alpine, over the gateway's warm link and by an exec stream each; and over
 * the link in one of Debian; all in turn.
 */
export async function measureExec(
  bench: Bench,
  className: string,
): Promise<Record<"link" | "raw" | "glibc", number[]>> {
  await using musl = await create(bench, className, images.musl);
  await using glibc = await create(bench, className, images.glibc);
  const samples = { link: [] as number[], raw: [] as number[], glibc: [] as number[] };
  await overLink(bench, musl.id, warmUp);
  await overLink(bench, glibc.id, settle);
  await byStream(bench, musl.id);
  for (let round = 0; round < rounds; round++) {
    await overLink(bench, musl.id, settle);
    for (let i = 0; i < perRound.link; i++) {
      samples.link.push(await timed(() => overLink(bench, musl.id)));
      samples.glibc.push(await timed(() => overLink(bench, glibc.id)));
    }
    for (let i = 0; i < perRound.raw; i++) samples.raw.push(await timed(() => byStream(bench, musl.id)));
  }
  return samples;
}

async function create({ gateway }: Bench, className: string, image: string): Promise<AsyncDisposable & { id: string }> {
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await gateway.create({ spec: { className, image, resources } }, "started");
  return {
    id,
    async [Symbol.asyncDispose]() {
      await gateway.send("DELETE", `/sandboxes/${id}`);
    },
  };
}

async function overLink({ gateway }: Bench, id: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    const { code } = await gateway.exec(id, { command: ["/bin/true"] });
    if (code !== 0) throw new Error(`/bin/true over the link ended with ${code}`);
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

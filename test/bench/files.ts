import { randomBytes } from "node:crypto";
import type { Bench } from "./bench.ts";
import { timed } from "./timed.ts";

const warmUp = 500;
const times = 500;
const changes = 50;

/** Milliseconds of reading and writing 4 KiB through the gateway, and from a change inside until a watcher has its event. */
export async function measureFiles({ gateway }: Bench): Promise<Record<"read" | "write" | "watch", number[]>> {
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await gateway.create({ spec: { image: "busybox:stable", resources } }, "started");
  const file = `/sandboxes/${id}/files?path=/tmp/file`;
  const contents = randomBytes(4096);
  const write = async (path = file) => expectStatus(204, await gateway.send("PUT", path, contents));
  const read = async () => expectStatus(200, await gateway.send("GET", file));
  try {
    const samples = { read: [] as number[], write: [] as number[], watch: [] as number[] };
    for (let i = 0; i < warmUp + times; i++) {
      const [wrote, took] = [await timed(() => write()), await timed(read)];
      if (i < warmUp) continue;
      samples.write.push(wrote);
      samples.read.push(took);
    }
    await gateway.send("POST", `/sandboxes/${id}/files/mkdir?path=/tmp/watched`);
    const events = await gateway.follow(`/sandboxes/${id}/files/watch?path=/tmp/watched&types=create`);
    for (let i = 0; i < changes; i++) {
      // The write's own way there counts too: a change that nobody sends cannot be timed from outside.
      const written = write(`/sandboxes/${id}/files?path=/tmp/watched/${i}`);
      samples.watch.push(await timed(() => events.next()));
      await written;
    }
    await events.return();
    return samples;
  } finally {
    await gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

function expectStatus(wanted: number, { status, text }: { status: number; text: string }): void {
  if (status !== wanted) throw new Error(`The gateway answered ${status} instead of ${wanted}: ${text}`);
}

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { openExec } from "../../src/kube/exec.ts";
import type { ExecStream } from "../../src/kube/exec-stream.ts";
import type { Bench } from "./bench.ts";
import { peakMemory } from "./memory.ts";
import { timed } from "./timed.ts";

const octets = 1 << 30;
const rounds = 3;
const file = "/tmp/transfer";

type Way = "file.down" | "file.up" | "raw.down" | "raw.up";

/** What moving 1 GiB showed. */
export interface Transfers {
  /** MiB/s of each round. */
  rates: Record<Way, number[]>;
  /** How many MiB more memory a gateway took at any time than before. */
  gatewayMemory: number;
  /** Milliseconds of each `/bin/true` in the sandbox while a file was written to it. */
  commands: number[];
}

/**
 * 1 GiB to a sandbox and back, through the gateway and by an exec stream of a plain `cat` each, in turn. All four are on
 * the same disk, through the page cache.
 */
export async function measureTransfer(bench: Bench): Promise<Transfers> {
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await bench.gateway.create({ spec: { image: "busybox:stable", resources } }, "started");
  const ways: Record<Way, () => Promise<void>> = {
    "file.up": () => upload(bench, id),
    "file.down": () => download(bench, id),
    "raw.up": () => copyIn(bench, id),
    "raw.down": () => copyOut(bench, id),
  };
  try {
    for (let i = 0; i < 20; i++) await command(bench, id);
    const rates: Transfers["rates"] = { "file.up": [], "file.down": [], "raw.up": [], "raw.down": [] };
    const gatewayMemory = await peakMemory(bench, "gateway", async () => {
      for (let round = 0; round < rounds; round++)
        for (const way of Object.keys(ways) as Way[]) {
          rates[way].push((octets >> 20) / ((await timed(ways[way])) / 1000));
        }
    });
    return { rates, gatewayMemory, commands: await commandsDuring(bench, id, upload(bench, id)) };
  } finally {
    await bench.gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

async function upload({ gateway }: Bench, id: string): Promise<void> {
  const headers = { "content-length": String(octets) };
  const { statusCode, body } = await gateway.open("PUT", pathIn(id), Readable.from(contents()), headers);
  const text = await body.text();
  if (statusCode !== 204) throw new Error(`The gateway answered ${statusCode}: ${text}`);
}

async function download({ gateway }: Bench, id: string): Promise<void> {
  const { statusCode, body } = await gateway.open("GET", pathIn(id));
  if (statusCode !== 200) throw new Error(`The gateway answered ${statusCode}: ${await body.text()}`);
  await expectAll(body);
}

async function copyIn(bench: Bench, pod: string): Promise<void> {
  // containerd takes a command whose output is closed for one that has ended.
  const stream = await execIn(bench, pod, ["sh", "-c", `exec 3>&1; cat > ${file}`]);
  stream.resume();
  for (const chunk of contents()) if (!stream.write(chunk)) await once(stream, "drain");
  stream.end();
  const { code } = await stream.status;
  stream.destroy();
  if (code !== 0) throw new Error(`cat ended with ${code}: ${stream.stderr}`);
}

async function copyOut(bench: Bench, pod: string): Promise<void> {
  const stream = await execIn(bench, pod, ["cat", file]);
  await expectAll(stream);
  stream.destroy();
}

function execIn({ connection, namespace }: Bench, pod: string, command: string[]): Promise<ExecStream> {
  return openExec(connection, { namespace, pod, container: "sandbox", command });
}

/** Milliseconds of each of the commands that run, one after the other, until the task is done. */
async function commandsDuring(bench: Bench, id: string, task: Promise<void>): Promise<number[]> {
  const over = new AbortController();
  const done = task.finally(() => over.abort());
  const samples: number[] = [];
  while (!over.signal.aborted) samples.push(await timed(() => command(bench, id)));
  await done;
  return samples;
}

async function command({ gateway }: Bench, id: string): Promise<void> {
  const { code } = await gateway.exec(id, { command: ["/bin/true"] });
  if (code !== 0) throw new Error(`/bin/true ended with ${code}`);
}

function pathIn(id: string): string {
  return `/sandboxes/${id}/files?path=${file}`;
}

function* contents(): Generator<Buffer, void, void> {
  const chunk = randomBytes(256 << 10);
  for (let sent = 0; sent < octets; sent += chunk.length) yield chunk;
}

async function expectAll(body: Readable): Promise<void> {
  let received = 0;
  body.on("data", (chunk: Buffer) => (received += chunk.length));
  await once(body, "end");
  if (received !== octets) throw new Error(`${received} of ${octets} octets arrived`);
}

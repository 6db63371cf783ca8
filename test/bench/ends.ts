import { App } from "../../src/sdk/app.ts";
import { SandkeepClient } from "../../src/sdk/client.ts";
import { Probe } from "../../src/sdk/probe.ts";
import type { Sandbox } from "../../src/sdk/sandbox/sandbox.ts";
import type { SandboxCreateParams } from "../../src/sdk/sandbox/create.ts";
import type { Bench } from "./bench.ts";
import { timed } from "./timed.ts";

const rounds = 12;
/** An operator and a gateway that have just started run code that is not compiled yet. */
const warmUp = 3;

const bounds = { cpu: 0.05, memoryMiB: 64 };

/** Says when it ignores SIGTERM, and stays. */
const stubborn = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"];

const port = 8000;
/** Says at what time of the machine's clock it has opened the port, in milliseconds. */
const server = `
import socket, time
listening = socket.create_server(("127.0.0.1", ${port}))
print(time.time() * 1000, flush=True)
time.sleep(1000)`;

/**
 * Milliseconds from the call until a sandbox has finished that runs a process which ignores SIGTERM; and from when a port
 * opens until the client's `waitUntilReady` returns, which has been waiting for it. Client and node have one clock.
 */
export async function measureEnds(bench: Bench): Promise<{ terminate: number[]; ready: number[] }> {
  const samples = { terminate: [] as number[], ready: [] as number[] };
  for (let round = 0; round < warmUp + rounds; round++) {
    samples.terminate.push(await terminate(bench));
    samples.ready.push(await becomeReady(bench));
  }
  return { terminate: samples.terminate.slice(warmUp), ready: samples.ready.slice(warmUp) };
}

async function terminate(bench: Bench): Promise<number> {
  await using sandbox = await create(bench, "busybox:stable", {});
  const { stdout } = await sandbox.exec(stubborn);
  await firstLine(stdout);
  let code: number | undefined;
  const took = await timed(async () => (code = await sandbox.terminate({ wait: true })));
  if (code !== 137) throw new Error(`A sandbox that was terminated has exit code ${code}`);
  return took;
}

async function becomeReady(bench: Bench): Promise<number> {
  await using sandbox = await create(bench, "python:3.11-slim", { readinessProbe: Probe.withTcp(port) });
  await sandbox.waitUntilStarted();
  const waiting = sandbox.waitUntilReady().then(() => performance.timeOrigin + performance.now());
  const { stdout } = await sandbox.exec(["python3", "-c", server]);
  const opened = Number(await firstLine(stdout));
  return (await waiting) - opened;
}

async function create(bench: Bench, image: string, params: SandboxCreateParams): Promise<Sandbox> {
  const { gateway: url, certificate: ca } = bench.installed;
  const client = new SandkeepClient({ url, ca, token: bench.token, namespace: bench.namespace });
  const app = new App("bench");
  return await client.sandboxes.create(app, client.images.fromRegistry(image), { ...bounds, ...params });
}

async function firstLine(output: ReadableStream<string>): Promise<string> {
  const reader = output.getReader();
  try {
    for (let text = ""; ;) {
      const { value = "", done } = await reader.read();
      text += value;
      if (text.includes("\n")) return text;
      if (done) throw new Error(`The program ended after ${JSON.stringify(text)}`);
    }
  } finally {
    reader.releaseLock();
  }
}

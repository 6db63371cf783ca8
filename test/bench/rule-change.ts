import { App } from "../../src/sdk/app.ts";
import { SandkeepClient } from "../../src/sdk/client.ts";
import type { Bench } from "./bench.ts";

const rounds = 20;
/** An operator and a gateway that have just started run code that is not compiled yet. */
const warmUp = 3;

/**
 * Connects to the cluster's resolver again and again, and says when that begins and ceases to work: at what time of the
 * machine's clock an attempt has opened, or has failed, in milliseconds. Nothing answers at what is closed.
 */
const prober = `
import socket, time
resolver = next(line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver"))
was_open = None
while True:
    try:
        socket.create_connection((resolver, 53), timeout=0.1).close()
        is_open = True
    except OSError:
        is_open = False
    if is_open != was_open: print("open" if is_open else "closed", time.time() * 1000, flush=True)
    was_open = is_open
    time.sleep(0.005)`;

/** Milliseconds from the call that takes a sandbox's network away until its first connection has failed. Client and node have one clock. */
export async function measureRuleChange(bench: Bench): Promise<number[]> {
  const { gateway: url, certificate: ca } = bench.installed;
  const client = new SandkeepClient({ url, ca, token: bench.token, namespace: bench.namespace });
  const image = client.images.fromRegistry("python:3.11-slim");
  await using sandbox = await client.sandboxes.create(new App("bench"), image, { cpu: 0.05, memoryMiB: 64 });
  const { stdout } = await sandbox.exec(["python3", "-c", prober]);
  const next = changes(stdout);
  await next("open");
  const samples: number[] = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    const called = performance.timeOrigin + performance.now();
    await sandbox.updateNetworkPolicy({ blockNetwork: true });
    samples.push((await next("closed")) - called);
    await sandbox.updateNetworkPolicy({ blockNetwork: false });
    await next("open");
  }
  return samples.slice(warmUp);
}

/** The times of changes, as they are told; throws when one is of another kind than is waited for. */
function changes(output: ReadableStream<string>): (kind: string) => Promise<number> {
  const lines = linesOf(output);
  return async (kind) => {
    const { value } = await lines.next();
    const [told, time] = value?.split(" ") ?? [];
    if (told !== kind) throw new Error(`The network should be ${kind}, and the program says ${value ?? "nothing"}`);
    return Number(time);
  };
}

async function* linesOf(output: ReadableStream<string>): AsyncGenerator<string, void, void> {
  let rest = "";
  for await (const chunk of output) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

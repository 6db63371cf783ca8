import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "../../src/lib/sleep.ts";
import { kubectl } from "../support/installed.ts";
import type { Bench } from "./bench.ts";
import { agentMemory } from "./memory.ts";

const starts = 30;
const warmUp = 5;

/** After requests the agent gives memory back once it has been quiet for 2 s. */
const quietMilliseconds = 4_000;

/** What the agent that sandboxes run takes. */
export interface AgentFigures {
  /** MiB in a sandbox whose link is open and which has served some requests, but is idle. */
  memory: number;
  /** MB of the program. */
  size: number;
  /** Milliseconds from the start of the program until it speaks HTTP/2, each time. */
  start: number[];
}

export async function measureAgent(bench: Bench): Promise<AgentFigures> {
  const { gateway, installed, namespace } = bench;
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await gateway.create({ spec: { image: "busybox:stable", resources } }, "started");
  try {
    const program = await gateway.send("GET", `/sandboxes/${id}/files?path=/.sandkeep/bin/agent`);
    if (program.status !== 200) throw new Error(`The gateway answered ${program.status}: ${program.text}`);
    for (let i = 0; i < 10; i++) await gateway.exec(id, { command: ["/bin/true"] });
    await sleep(quietMilliseconds);
    const uid = await kubectl(installed, ["-n", namespace, "get", "pod", id, "-o", "jsonpath={.metadata.uid}"]);
    const memory = await agentMemory(uid);
    return { memory, size: program.octets.length / 1e6, start: await measureStart(program.octets) };
  } finally {
    await gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

async function measureStart(program: Buffer): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-bench-"));
  try {
    const agent = join(folder, "agent");
    await writeFile(agent, program, { mode: 0o755 });
    const samples: number[] = [];
    for (let i = 0; i < warmUp + starts; i++) {
      const took = await startOnce(agent, join(folder, String(i)));
      if (i >= warmUp) samples.push(took);
    }
    return samples;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a client of HTTP/2 says first: who it is, and settings without any. */
const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

async function startOnce(agent: string, folder: string): Promise<number> {
  await mkdir(folder);
  const child = spawn(agent, ["init", "--run", folder, "--termination-log", `${folder}.log`], { stdio: "ignore" });
  // The program runs by now: the making of a process of this one's size is not its doing.
  const start = performance.now();
  try {
    const socket = await dialed(join(folder, "agent.sock"));
    socket.write(preface);
    await once(socket, "data");
    const took = performance.now() - start;
    socket.destroy();
    return took;
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}

/** A connection to a socket as soon as somebody listens. */
async function dialed(path: string): Promise<Socket> {
  const end = performance.now() + 10_000;
  for (;;) {
    const socket = connect(path);
    const failed = await new Promise<Error | undefined>((resolve) => {
      socket.once("connect", () => resolve(undefined)).once("error", resolve);
    });
    if (failed === undefined) return socket;
    if (performance.now() > end) throw failed;
  }
}

import { execFile, spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, type Readable, type Writable } from "node:stream";
import { promisify } from "node:util";
import { agentClient, type AgentClient } from "../../../src/agent-link/client.ts";
import { Link } from "../../../src/agent-link/link.ts";

const run = promisify(execFile);
const source = join(import.meta.dirname, "../../../src/agent");

export interface RealAgent extends AsyncDisposable {
  /** Another link to it, as each exec stream would be. */
  connect(): Promise<{ link: Link; client: AgentClient; stream: Duplex }>;
}

/** The agent that sandboxes run, built from its source, with this command for its entrypoint. */
export async function realAgent(command: string[] = []): Promise<RealAgent> {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-agent-"));
  const binary = join(folder, "agent");
  await run("go", ["build", "-o", binary, "."], { cwd: source, env: { ...process.env, CGO_ENABLED: "0" } });
  const log = join(folder, "termination-log");
  const args = ["init", "--run", folder, "--termination-log", log, "--", ...command];
  const init = spawn(binary, args, { stdio: "ignore" });
  const children: ChildProcess[] = [init];
  return {
    async connect() {
      const child = spawn(binary, ["connect", "--run", folder], { stdio: ["pipe", "pipe", "ignore"] });
      children.push(child);
      const stream = joined(child);
      const link = await Link.over(stream, 'sandbox "ns/a"');
      return { link, client: agentClient(link), stream };
    },
    async [Symbol.asyncDispose]() {
      for (const child of children.reverse()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      await rm(folder, { recursive: true });
    },
  };
}

/** A process's input and output as one stream, as the exec stream of a container is. */
function joined({ stdin, stdout }: ChildProcessByStdio<Writable, Readable, null>): Duplex {
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk, _, done) => void stdin.write(chunk, done),
    final: (done) => void stdin.end(done),
    destroy(error, done) {
      stdin.destroy();
      stdout.destroy();
      done(error);
    },
  });
  stdout.on("data", (chunk) => stream.push(chunk) || stdout.pause()).once("end", () => stream.push(null));
  stdin.on("error", (error) => stream.destroy(error));
  return stream;
}

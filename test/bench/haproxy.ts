import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../support/wait-for.ts";

/** Debian's HAProxy, until disposed. */
export interface HaProxy extends AsyncDisposable {
  pid: number;
}

/** Runs HAProxy on this machine with these sections besides `defaults`; resolves once it listens there. */
export async function haProxy(sections: string, listening: { host: string; port: number }): Promise<HaProxy> {
  const folder = await mkdtemp(join(tmpdir(), "haproxy-"));
  const file = join(folder, "haproxy.cfg");
  await writeFile(file, `${defaults}\n${sections}\n`);
  const child: ChildProcess = spawn("haproxy", ["-f", file, "-db"], { stdio: "ignore" });
  await once(child, "spawn");
  await waitFor("HAProxy to listen", async () => {
    const socket = connect(listening);
    await once(socket, "connect");
    return socket.destroy();
  });
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

const defaults = `
defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s`;

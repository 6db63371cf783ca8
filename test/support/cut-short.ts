import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Installed, tool } from "./installed.ts";
import { waitFor } from "./wait-for.ts";

const command = join(import.meta.dirname, "../../hack/install");

/** Begins an installation with these arguments for helm, and kills it, helm included, when its release has this status. */
export async function cutShort(installed: Installed, status: string, helmArguments: string[] = []): Promise<void> {
  const args = ["--name", installed.cluster, "--", ...helmArguments];
  const child = spawn(command, args, { detached: true, stdio: "ignore" });
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot run ${command}`);
  const ended = once(child, "exit");
  try {
    await waitFor(`the release to be ${status}`, async () => (await releaseStatus(installed)) === status);
  } finally {
    if (child.exitCode === null) process.kill(-pid, "SIGKILL");
    await ended;
  }
}

/** What helm says of the release: `deployed`, `pending-upgrade`, …; `undefined` when there is none. */
export async function releaseStatus(installed: Installed): Promise<string | undefined> {
  const status = ["status", "sandkeep", "--namespace", "sandkeep-system", "-o", "json"];
  const { code, stdout } = await tool(installed, "helm", status);
  return code === 0 ? (JSON.parse(stdout) as { info: { status: string } }).info.status : undefined;
}

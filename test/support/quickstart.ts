import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const command = join(import.meta.dirname, "../../hack/quickstart");

/** Runs the quickstart for a cluster of this name; answers what people see of it. */
export async function quickstart(cluster: string): Promise<string> {
  const { stdout, stderr } = await run(command, ["--name", cluster], { maxBuffer: 64 << 20 });
  return stdout + stderr;
}

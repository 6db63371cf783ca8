import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Has a public address on this machine, which is where the nodes of local clusters send what is for such, until disposed. */
export async function publicAddress(address: string): Promise<AsyncDisposable> {
  // A run that was killed may have left it.
  await run("ip", ["address", "replace", `${address}/32`, "dev", "lo"]);
  return {
    async [Symbol.asyncDispose]() {
      await run("ip", ["address", "del", `${address}/32`, "dev", "lo"]);
    },
  };
}

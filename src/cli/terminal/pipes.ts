import { ConflictError } from "../../sdk/errors.ts";
import type { ContainerProcess } from "../../sdk/process/container-process.ts";
import { write } from "../output/write.ts";

/**
 * Gives a process this program's standard input, if it shall have one, and its output to ours. Resolves with its exit code, once
 * all of its output is there.
 */
export async function pipes(remote: ContainerProcess<Uint8Array>, withInput: boolean): Promise<number> {
  const input = (withInput ? copyInput(remote) : remote.stdin.close()).catch(unlessOver);
  const output = Promise.all([copy(remote.stdout, process.stdout), copy(remote.stderr, process.stderr)]);
  // Input may go on for longer than the process; only what goes wrong with it counts.
  const failed = input.then(() => new Promise<never>(() => {}));
  const [, code] = await Promise.race([Promise.all([output, remote.wait()]), failed]);
  return code;
}

async function copy(from: AsyncIterable<Uint8Array>, to: NodeJS.WriteStream): Promise<void> {
  for await (const octets of from) await write(octets, to);
}

async function copyInput(remote: ContainerProcess<Uint8Array>): Promise<void> {
  for await (const octets of process.stdin as AsyncIterable<Uint8Array>) await remote.stdin.writeBytes(octets);
  await remote.stdin.close();
}

/** A process that has ended, or has closed its input, takes no more. */
function unlessOver(error: unknown): void {
  if (!(error instanceof ConflictError)) throw error;
}

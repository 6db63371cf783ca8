import type { ContainerProcess } from "../../sdk/process/container-process.ts";
import { write } from "../output/write.ts";
import { keysOf } from "./detach-keys.ts";
import type { TerminalOptions } from "./options.ts";
import { pipes } from "./pipes.ts";
import { terminalSession } from "./session.ts";

/**
 * Connects a process with this program, by its terminal or by pipes. Resolves with the exit code, or `undefined` when the user has
 * left it running, who is then told the command line that comes back.
 */
export async function runProcess(
  remote: ContainerProcess<Uint8Array>,
  { interactive = false, tty = false, detachKeys }: TerminalOptions,
  comeBack: string,
): Promise<number | undefined> {
  if (!tty) return await pipes(remote, interactive);
  const code = await terminalSession(remote, keysOf(detachKeys));
  if (code === undefined) await write(`\r\nLeft running. To come back: ${comeBack}\r\n`, process.stderr);
  return code;
}

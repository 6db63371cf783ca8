import type { Sandbox } from "../../sdk/sandbox/sandbox.ts";
import { ENTRYPOINT_PROCESS } from "../../api/constants.ts";
import { clientFor } from "../client.ts";
import { defineCommand } from "../command.ts";
import { createSandbox, withCreateOptions, type CreateOptions } from "../create-options.ts";
import { Failure, Interrupted, OutputClosed } from "../errors.ts";
import { visible } from "../output/visible.ts";
import { write } from "../output/write.ts";
import { refuseWithoutTerminal, withTerminalOptions, type TerminalOptions } from "../terminal/options.ts";
import { codeAndWhole } from "../terminal/cut-output.ts";
import { interruption } from "../terminal/interrupts.ts";
import { runProcess } from "../terminal/run-process.ts";

interface RunOptions extends CreateOptions, TerminalOptions {
  rm?: boolean;
  detach?: boolean;
}

/** 128 + SIGKILL. */
const killed = 137;

/** `run`: a sandbox for one command. */
export const run = defineCommand<RunOptions>({
  usage: "run <image> [command...]",
  summary: "run a command in a sandbox of its own",
  args: { image: "the OCI image", command: "what to run, behind --" },
  examples: [
    ["run python:3.13-slim -- python3 -c 'print(1)'", "output and exit code are the command's"],
    ["run -it --rm alpine -- sh", "a shell, in a sandbox that goes with it"],
    ["run -i busybox -- wc -c < file", "with this program's input"],
    ["run -d --name worker alpine -- sleep 60", "leave it running, print its id"],
  ],
  options: (command) =>
    withTerminalOptions(withCreateOptions(command))
      .option("--rm", "delete the sandbox's record when it is done")
      .option("-d, --detach", "print the sandbox's id and leave it running"),
  async run([[image = ""] = [], command = []], options, program) {
    if (command.length === 0)
      throw new Failure(
        "There is no command to run",
        `Put it behind --, as in: ${program} run ${image} -- COMMAND\nFor a sandbox without one: ${program} create ${image}`,
      );
    if (options.detach !== true) refuseWithoutTerminal(options);
    const client = await clientFor(options);
    const creating = createSandbox(client, image, command, options, options.tty === true ? { pty: true } : {});
    if (options.detach === true) return await write(`${(await creating).sandboxId}\n`);
    using interrupt = interruption();
    try {
      const sandbox = await Promise.race([creating, interrupt.promise]);
      const { code, whole } = await Promise.race([runIn(sandbox, options, program), interrupt.promise]);
      if (code !== undefined && whole && options.rm === true) await sandbox.delete();
      return code ?? 0;
    } catch (error) {
      if (!(error instanceof Interrupted) && !(error instanceof OutputClosed)) throw error;
      // It was there for this program alone.
      const sandbox = await creating;
      await (options.rm === true ? sandbox.delete() : sandbox.terminate());
      throw error;
    }
  },
});

/** The exit code of the sandbox's command, or `undefined` when the user has left it running; and whether all of its output is there. */
async function runIn(
  sandbox: Sandbox,
  options: RunOptions,
  program: string,
): Promise<{ code: number | undefined; whole: boolean }> {
  const remote = await sandbox.attach(ENTRYPOINT_PROCESS, { mode: "binary" });
  const comeBack = `${program} shell ${sandbox.sandboxId} --attach ${ENTRYPOINT_PROCESS}`;
  const { code, whole } = await codeAndWhole(runProcess(remote, options, comeBack), remote);
  if (!whole)
    await write(
      `The gateway went away while the command ended: the last of its output may be missing here. For a minute, all of it is in: ` +
        `${program} logs ${sandbox.sandboxId}\n`,
      process.stderr,
    );
  return { code: code === killed ? await codeOfKilled(sandbox) : code, whole };
}

/** Tells who killed the command, if it was not the command itself. A time limit has an exit code of its own. */
async function codeOfKilled(sandbox: Sandbox): Promise<number> {
  const code = await sandbox.wait();
  const { reason, message } = await sandbox.info();
  if (reason !== undefined && reason !== "Completed" && reason !== "Error")
    await write(
      visible(`Sandbox ${sandbox.sandboxId} ended: ${reason}${message ? `, ${message}` : ""}\n`),
      process.stderr,
    );
  return code;
}

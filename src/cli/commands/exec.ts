import type { ContainerProcess } from "../../sdk/process/container-process.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { variables, repeated } from "../parse/pairs.ts";
import { duration } from "../parse/quantity.ts";
import { refuseWithoutTerminal, withTerminalOptions, type TerminalOptions } from "../terminal/options.ts";
import { onInterrupt } from "../terminal/interrupts.ts";
import { runProcess } from "../terminal/run-process.ts";
import { terminalSize } from "../terminal/session.ts";

interface ExecOptions extends TerminalOptions {
  env?: Record<string, string>;
  secret?: string[];
  workdir?: string;
  timeout?: number;
}

/** `exec`: one more command in a sandbox. */
export const exec = defineCommand<ExecOptions>({
  usage: "exec <sandbox> [command...]",
  summary: "run a command in a sandbox that is there",
  args: { sandbox: "its id, or APP/NAME", command: "what to run, behind --" },
  examples: [
    ["exec my-app/worker -- ls -l /data", "output and exit code are the command's"],
    ["exec -it my-app/worker -- python3", "with a terminal"],
    ["exec -i my-app/worker -- tar xf - < files.tar", "with this program's input"],
    ["exec -e DEBUG=1 -w /src my-app/worker -- make", "with a variable, in a directory"],
  ],
  options: (command) =>
    withTerminalOptions(command)
      .option("-e, --env <name=value>", "a variable; NAME alone takes the value from here", variables)
      .option("--secret <name>", "variables from a Secret", repeated)
      .option("-w, --workdir <path>", "where it starts")
      .option("--timeout <duration>", "it is killed after this long", duration),
  async run([[reference = ""] = [], command = []], options, program) {
    if (command.length === 0)
      throw new Failure("There is no command to run", `Put it behind --, as in: ${program} exec ${reference} -- ls /`);
    refuseWithoutTerminal(options);
    const client = await clientFor(options);
    const sandbox = await sandboxOf(client, reference);
    const { env, secret, workdir, timeout, tty } = options;
    const remote = await sandbox.exec(command, {
      mode: "binary",
      ...(env && { env }),
      ...(secret && { secrets: secret.map((name) => client.secrets.fromName(name)) }),
      ...(workdir !== undefined && { workdir }),
      ...(timeout !== undefined && { timeoutMs: timeout }),
      ...(tty === true && { pty: terminalSize() }),
    });
    using _ = onInterrupt((signal) => void interrupt(remote, signal));
    const comeBack = `${program} shell ${reference} --attach ${remote.processId}`;
    return (await runProcess(remote, options, comeBack)) ?? 0;
  },
});

/** What interrupts this program interrupts the process; its end is then ours. */
async function interrupt(remote: ContainerProcess<Uint8Array>, signal: string): Promise<void> {
  await remote.kill(signal).catch(() => {});
}

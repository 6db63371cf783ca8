import type { Sandbox } from "../../sdk/sandbox/sandbox.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { refuseWithoutTerminal } from "../terminal/options.ts";
import { runProcess } from "../terminal/run-process.ts";
import { terminalSize } from "../terminal/session.ts";

interface ShellOptions {
  attach?: string;
  detachKeys: string;
}

/** The best shell that the image has, as one that logs in. */
const bestShell = ["sh", "-c", "command -v bash > /dev/null && exec bash -l; exec sh -l"];

/** How much of what a terminal has shown is shown again by `--attach`; octets. */
const shownAgain = 64 * 1024;

/** `shell`: a terminal in a sandbox. */
export const shell = defineCommand<ShellOptions>({
  usage: "shell <sandbox> [command...]",
  summary: "open a terminal in a sandbox, or come back to one",
  args: { sandbox: "its id, or APP/NAME", command: "the shell; bash by default, else sh" },
  examples: [
    ["shell my-app/worker", "ctrl-p ctrl-q leaves it running, and says how to come back"],
    ["shell my-app/worker --attach PROCESS", "come back to it"],
    ["shell my-app/worker -- zsh", "another shell"],
  ],
  options: (command) =>
    command
      .option("--attach <process>", "come back to a process that has a terminal")
      .option("--detach-keys <keys>", "keys that leave it running", "ctrl-p,ctrl-q"),
  async run([[reference = ""] = [], command = []], options, program) {
    const terminal = { interactive: true, tty: true, detachKeys: options.detachKeys };
    refuseWithoutTerminal(terminal);
    const sandbox = await sandboxOf(await clientFor(options), reference);
    const remote = await processOf(sandbox, command, options.attach);
    return (await runProcess(remote, terminal, `${program} shell ${reference} --attach ${remote.processId}`)) ?? 0;
  },
});

async function processOf(sandbox: Sandbox, command: readonly string[], attach: string | undefined) {
  if (attach === undefined)
    return await sandbox.exec(command.length > 0 ? command : bestShell, { mode: "binary", pty: terminalSize() });
  const remote = await sandbox.attach(attach, { mode: "binary", tail: shownAgain });
  // Another size makes programs that fill the screen draw it anew; the true one follows.
  const { rows, columns } = terminalSize();
  await remote.resize({ rows: Math.max(1, rows - 1), columns });
  return remote;
}

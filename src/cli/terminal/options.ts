import type { Command } from "commander";
import { Failure } from "../errors.ts";
import { keysOf } from "./detach-keys.ts";

/** How a process is connected to this program. */
export interface TerminalOptions {
  interactive?: boolean;
  tty?: boolean;
  detachKeys: string;
}

/** Adds those options. */
export function withTerminalOptions(command: Command): Command {
  return command
    .option("-i, --interactive", "give it this program's standard input")
    .option("-t, --tty", "give it a terminal: this one")
    .option("--detach-keys <keys>", "keys that leave it running", "ctrl-p,ctrl-q");
}

/** Throws where there is no terminal for a program that shall have one, or its keys are none. */
export function refuseWithoutTerminal({ interactive, tty, detachKeys }: TerminalOptions): void {
  if (tty !== true) return;
  if (interactive !== true) throw new Failure("A terminal without input is of no use", "Write -it in place of -t.");
  keysOf(detachKeys);
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new Failure("Standard input and output are no terminal", "Leave -t away to connect them as pipes.");
}

import { Command } from "commander";
import type { GlobalOptions } from "./client.ts";

/** Makes a command for the program; `exit` takes the exit code that the program shall have. */
export type MakeCommand = (program: Command, exit: (code: number) => void) => Command;

interface Description<Options> {
  /** Name and arguments, such as `exec <sandbox> [command...]`. */
  usage: string;
  summary: string;
  /** What the arguments are. */
  args?: Readonly<Record<string, string>>;
  /** Command lines without the program's name, and what each does. */
  examples: readonly (readonly [commandLine: string, does: string])[];
  /** Adds the options. */
  options?: (command: Command) => Command;
  /** Carries it out; what it gives is the exit code, 0 by default. */
  run: (args: string[][], options: Options & GlobalOptions, commandLine: string) => Promise<number | void>;
}

/** A command: `run` is given its arguments, each as a list, and all options, the global ones included. */
export function defineCommand<Options extends object>(description: Description<Options>): MakeCommand {
  const { usage, summary, args = {}, examples, options = (command) => command, run } = description;
  return (program, exit) => {
    const [name = "", ...places] = usage.split(" ");
    const command = options(new Command(name).description(summary));
    for (const place of places) command.argument(place, args[place.replaceAll(/[<>[\].]/g, "")]);
    const width = Math.max(...examples.map(([line]) => line.length));
    const shown = examples.map(([line, does]) => `  ${program.name()} ${line.padEnd(width)}  # ${does}`);
    if (shown.length > 0) command.addHelpText("after", `\nExamples:\n${shown.join("\n")}`);
    command.action(async () => {
      const given = command.processedArgs.map((value: unknown) => listOf(value));
      const code = await run(given, command.optsWithGlobals<Options & GlobalOptions>(), program.name());
      exit(code ?? 0);
    });
    return command;
  };
}

function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === "string" ? [value] : [];
}

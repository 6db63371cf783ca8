#!/usr/bin/env node
import { basename } from "node:path";
import { argv, exit, stderr } from "node:process";
import { explain } from "./errors.ts";
import { makeProgram } from "./program.ts";

// What is still open, such as standard input or a connection, keeps nobody waiting: all that was to be written has been.
exit(await main());

async function main(): Promise<number> {
  const isPlugin = basename(argv[1] ?? "").startsWith("kubectl-");
  const program = makeProgram(isPlugin ? "kubectl sandbox" : "sandkeep");
  try {
    await program.command.parseAsync(argv);
    return program.exitCode();
  } catch (error) {
    const { text, exitCode } = explain(error, argv.includes("--debug"));
    stderr.write(text);
    return exitCode;
  }
}

#!/usr/bin/env node
import { basename } from "node:path";
import process, { argv, stderr, stdin } from "node:process";
import { explain } from "./errors.ts";
import { makeProgram } from "./program.ts";

/** For how long connections that are left open hold up the end; milliseconds. */
const lingerMilliseconds = 100;

process.exitCode = await main();
// Standard input that is still open keeps nobody waiting: all that was to be written has been. The program ends by itself, or when
// it has been idle for a while: `process.exit` of one that is busy may wait for ever for a thread of V8's that compiles, which
// waits for its memory to be collected (https://github.com/nodejs/node/issues/54918).
stdin.destroy();
setTimeout(() => process.exit(), lingerMilliseconds).unref();

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

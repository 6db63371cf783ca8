#!/usr/bin/env node
import { readConfig } from "./config.ts";
import type { Config } from "./config.ts";

const usage = `Usage: sandkeep COMMAND

Commands:
  operator   reconciles sandboxes and what belongs to them
  gateway    serves the HTTP API
  egress     resolves names for sandboxes and passes on what they may reach by name
  release-finalizers
             lets everything go that waits for the operator, once that is uninstalled

Settings are environment variables; the chart's values.yaml explains them.
`;

type Run = (config: Config, signal: AbortSignal) => Promise<void>;

// Loaded on demand: the client of one must not cost the start-up of the other.
const commands = new Map<string, () => Promise<Run>>([
  ["operator", async () => (await import("./operator/index.ts")).runOperator],
  ["release-finalizers", async () => (await import("./operator/release-finalizers.ts")).runReleaseFinalizers],
  ["egress", async () => (await import("./egress/index.ts")).runEgress],
  ["gateway", async () => (await import("./gateway/index.ts")).runGateway],
]);

await main(process.argv.slice(2));

async function main([name = "", ...rest]: string[]): Promise<void> {
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(usage);
    return;
  }
  const command = commands.get(name);
  if (command === undefined) return refuse(name === "" ? "no command" : `unknown command "${name}"`, usage);
  if (rest.length > 0) return refuse(`unexpected "${rest[0]}"`, usage);
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  // Whatever is thrown from here on ends the process with its stack, unhandled rejections too: the kubelet starts it anew.
  const run = await command();
  await run(config, untilSignalled());
}

function refuse(problem: string, help = ""): void {
  process.stderr.write(`sandkeep: ${problem}\n${help && `\n${help}`}`);
  process.exitCode = 2;
}

/** Aborted by the first SIGTERM or SIGINT; a second one ends the process at once. */
function untilSignalled(): AbortSignal {
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(128 + (signal === "SIGINT" ? 2 : 15));
    stopping.abort(new Error(`received ${signal}`));
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  return stopping.signal;
}

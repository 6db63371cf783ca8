import { readConfig } from "./config.ts";
import type { Config } from "./config.ts";

const usage = `Usage: sandkeep COMMAND

Commands:
  operator   reconciles sandboxes and what belongs to them
  gateway    serves the HTTP API
  release-finalizers
             lets everything go that waits for the operator, once that is uninstalled

Settings are environment variables; the chart's values.yaml explains them.
`;

type Run = (config: Config, signal: AbortSignal) => Promise<void>;

// Loaded on demand: the client of one must not cost the start-up of the other.
const commands: Record<string, () => Promise<Run>> = {
  operator: async () => (await import("./operator/index.ts")).runOperator,
  "release-finalizers": async () => (await import("./operator/release-finalizers.ts")).runReleaseFinalizers,
  gateway: async () => (await import("./gateway/index.ts")).runGateway,
};

await main(process.argv.slice(2));

async function main([name, ...rest]: string[]): Promise<void> {
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(usage);
    return;
  }
  const command = name === undefined ? undefined : commands[name];
  if (command === undefined || rest.length > 0) {
    const problem =
      name === undefined
        ? "no command"
        : command === undefined
          ? `unknown command "${name}"`
          : `unexpected "${rest[0]}"`;
    process.stderr.write(`sandkeep: ${problem}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  const run = await command();
  await run(readConfig(process.env), untilSignalled());
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

import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { write } from "../output/write.ts";
import { count, duration } from "../parse/quantity.ts";

interface LogsOptions {
  follow?: boolean;
  tail?: number;
  since?: number;
  timestamps?: boolean;
}

/** `logs`: what the sandbox's command has written. */
export const logs = defineCommand<LogsOptions>({
  usage: "logs <sandbox>",
  summary: "print what a sandbox's command has written",
  args: { sandbox: "its id, or APP/NAME" },
  examples: [
    ["logs my-app/worker", "from the beginning; until a minute after its end"],
    ["logs -f --tail 10 my-app/worker", "the last lines, and what follows"],
  ],
  options: (command) =>
    command
      .option("-f, --follow", "go on with what is written from now on")
      .option("--tail <lines>", "only so many of the last lines", count)
      .option("--since <duration>", "only what is not older", duration)
      .option("--timestamps", "begin each line with its time"),
  async run([[reference = ""] = []], { follow, tail, since, timestamps, ...options }) {
    const sandbox = await sandboxOf(await clientFor(options), reference);
    const lines = sandbox.logs({
      ...(follow !== undefined && { follow }),
      ...(tail !== undefined && { tailLines: tail }),
      ...(since !== undefined && { sinceSeconds: Math.ceil(since / 1000) }),
      ...(timestamps !== undefined && { timestamps }),
    });
    for await (const text of lines) await write(text);
  },
});

import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { table } from "../output/table.ts";
import { write } from "../output/write.ts";
import { duration } from "../parse/quantity.ts";

interface TimeoutsOptions {
  timeout?: number;
  idleTimeout?: number | false;
}

/** `timeouts`: shows and changes them. */
export const timeouts = defineCommand<TimeoutsOptions>({
  usage: "timeouts <sandbox>",
  summary: "show or change how long a sandbox may run, and stay without use",
  args: { sandbox: "its id, or APP/NAME" },
  examples: [
    ["timeouts my-app/worker", "in seconds"],
    ["timeouts my-app/worker --timeout 2h", "two hours from its start instead of fewer"],
    ["timeouts my-app/worker --no-idle-timeout", "let it stay without use"],
  ],
  options: (command) =>
    command
      .option("--timeout <duration>", "it ends this long after its start; more than before", duration)
      .option("--idle-timeout <duration>", "it ends after this long without use", duration)
      .option("--no-idle-timeout", "it stays without use"),
  async run([[reference = ""] = []], { timeout, idleTimeout, ...options }) {
    const sandbox = await sandboxOf(await clientFor(options), reference);
    const change = {
      ...(timeout !== undefined && { timeoutMs: timeout }),
      ...(typeof idleTimeout === "number" && { idleTimeoutMs: idleTimeout }),
      ...(idleTimeout === false && { idleTimeoutMs: null }),
    };
    if (Object.keys(change).length > 0) await sandbox.updateTimeouts(change);
    const { timeoutMs, idleTimeoutMs } = await sandbox.info();
    await write(table([row("Timeout", timeoutMs), row("Idle timeout", idleTimeoutMs)]));
  },
});

function row(name: string, milliseconds: number | undefined): string[] {
  return [`${name}:`, milliseconds === undefined ? "never" : `${milliseconds / 1000}s`];
}

import { setTimeout as sleep } from "node:timers/promises";
import type { Sandbox } from "../../sdk/sandbox/sandbox.ts";
import type { SandboxService } from "../../sdk/sandbox/sandboxes.ts";
import { allOf } from "../all-of.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { serialized, withFormat, type FormatOptions } from "../output/format.ts";
import { table } from "../output/table.ts";
import { usageHeading, usageOf, usageRow, type Usage } from "../output/usage.ts";
import { write } from "../output/write.ts";
import { duration } from "../parse/quantity.ts";
import { interruption } from "../terminal/interrupts.ts";

interface TopOptions extends FormatOptions {
  app?: string;
  once?: boolean;
  interval: number;
}

/** `top`: what sandboxes use. */
export const top = defineCommand<TopOptions>({
  usage: "top [sandboxes...]",
  summary: "show what sandboxes use, again and again",
  args: { sandboxes: "their ids, or APP/NAME; by default all that run" },
  examples: [
    ["top", "until Ctrl-C"],
    ["top --once -o json", "for programs"],
  ],
  options: (command) =>
    withFormat(command)
      .option("--app <name>", "only those of this app")
      .option("--once", "show it once; so also where standard output is no terminal")
      .option("--interval <duration>", "how often", duration, 2000),
  async run([references = []], { output, app, once = !process.stdout.isTTY, interval, ...options }) {
    const client = await clientFor(options);
    const list = async () =>
      references.length > 0
        ? await Promise.all(references.map(async (reference) => await sandboxOf(client, reference)))
        : await running(client.sandboxes, app);
    using interrupt = interruption();
    // A rate needs two looks.
    let before = await usageOf(await list());
    for (;;) {
      await Promise.race([sleep(once ? 1000 : interval), interrupt.promise]);
      const now = await usageOf(await list());
      const text = await shown(now, before, output);
      await write(once ? text : `\x1b[H\x1b[2J${text}`);
      if (once) return;
      before = now;
    }
  },
});

/** The sandboxes in which programs run. */
async function running(sandboxes: SandboxService, app: string | undefined): Promise<Sandbox[]> {
  const selection = app === undefined ? {} : { appId: app };
  const phases = ["Started", "Ready"] as const;
  return (await Promise.all(phases.map((phase) => allOf(sandboxes.list({ ...selection, phase }))))).flat();
}

async function shown(now: Usage[], before: Usage[], output: FormatOptions["output"]): Promise<string> {
  if (output === "json" || output === "yaml") return await serialized(now, output);
  if (output === "name") return now.map(({ sandboxId }) => `${sandboxId}\n`).join("");
  const earlier = new Map(before.map((usage) => [usage.sandboxId, usage]));
  return table([usageHeading, ...now.map((usage) => usageRow(usage, earlier.get(usage.sandboxId)))]);
}

import { Option } from "commander";
import { SANDBOX_PHASES, type SandboxPhase } from "../../api/phases.ts";
import type { SandboxInfo } from "../../sdk/sandbox/info.ts";
import type { SandboxService } from "../../sdk/sandbox/sandboxes.ts";
import { allOf } from "../all-of.ts";
import { clientFor } from "../client.ts";
import { defineCommand } from "../command.ts";
import { serialized, withFormat, type Format, type FormatOptions } from "../output/format.ts";
import { heading, row } from "../output/sandboxes.ts";
import { table, widthsOf } from "../output/table.ts";
import { write } from "../output/write.ts";
import { pairs } from "../parse/pairs.ts";

interface ListOptions extends FormatOptions {
  all?: boolean;
  app?: string;
  tag?: Record<string, string>;
  phase?: SandboxPhase;
  watch?: boolean;
}

/** `ls`: what sandboxes there are. */
export const ls = defineCommand<ListOptions>({
  usage: "ls",
  summary: "list sandboxes",
  examples: [
    ["ls", "those that run, newest first"],
    ["ls --all --app my-app --tag team=a", "of one app, with a tag, those that have finished as well"],
    ["ls --watch", "and what becomes of them"],
    ["ls -o name | xargs kubectl sandbox kill", "for scripts; json and yaml have everything"],
  ],
  options: (command) =>
    withFormat(command)
      .option("-a, --all", "also those that have finished")
      .option("--app <name>", "only those of this app")
      .option("--tag <name=value>", "only those with this tag", pairs)
      .addOption(new Option("--phase <phase>", "only those in this phase").choices(SANDBOX_PHASES))
      .option("--watch", "go on with what becomes of them"),
  async run(_, { output, all = false, app, tag, phase, watch = false, ...options }) {
    const { sandboxes } = await clientFor(options);
    const selection = {
      includeFinished: all,
      ...(app !== undefined && { appId: app }),
      ...(tag && { tags: tag }),
    };
    if (watch) return await follow(sandboxes, selection, output, phase);
    const infos = await allOf(sandboxes.listInfo({ ...selection, ...(phase && { phase }) }));
    if (infos.length === 0 && output === undefined) return await write("No sandboxes.\n", process.stderr);
    await write(await printed(infos, output));
  },
});

/** A list in the format. */
export async function printed(infos: readonly SandboxInfo[], format: Format | undefined): Promise<string> {
  if (format === "json" || format === "yaml") return await serialized(infos, format);
  if (format === "name") return infos.map(({ sandboxId }) => `${sandboxId}\n`).join("");
  const wide = format === "wide";
  const now = Date.now();
  return table([heading(wide), ...infos.map((info) => row(info, wide, now))]);
}

type Selection = NonNullable<Parameters<SandboxService["watch"]>[0]>;

/** The list, then a line for each change; in JSON, one value per line. */
async function follow(
  sandboxes: SandboxService,
  selection: Selection,
  format: Format | undefined,
  phase: SandboxPhase | undefined,
): Promise<void> {
  const wide = format === "wide";
  let begun: SandboxInfo[] | undefined = [];
  let widths: number[] = [];
  for await (const event of sandboxes.watch(selection)) {
    if (event.type !== "listed") {
      if (phase !== undefined && event.sandbox.phase !== phase) continue;
      if (begun === undefined || (format !== undefined && !wide)) await write(await line(event, format, widths));
      else begun.push(event.sandbox);
    } else if (begun !== undefined) {
      const now = Date.now();
      const sorted = begun.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
      const rows = [heading(wide), ...sorted.map((info) => row(info, wide, now))];
      widths = widthsOf(rows).map((width, column) => Math.max(width, leastWidths[column] ?? 0));
      begun = undefined;
      if (format === undefined || wide) await write(table(rows, widths));
    }
  }
}

/** Lines that come later have to fit, too. */
const leastWidths = [36, 7, 10, 9, 16, 4, 4];

async function line(
  { type, sandbox }: { type: string; sandbox: SandboxInfo },
  format: Format | undefined,
  widths: readonly number[],
): Promise<string> {
  if (format === "json") return `${JSON.stringify({ type, sandbox })}\n`;
  if (format === "yaml") return `---\n${await serialized({ type, sandbox }, "yaml")}`;
  if (format === "name") return `${sandbox.sandboxId}\n`;
  const cells = row(sandbox, format === "wide", Date.now());
  const isGone = type === "deleted" && sandbox.phase !== "Finished";
  return table([cells.map((cell, column) => (column === 3 && isGone ? "Deleted" : cell))], widths);
}

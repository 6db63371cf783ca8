import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { serialized, withFormat, type FormatOptions } from "../output/format.ts";
import { described } from "../output/sandboxes.ts";
import { table } from "../output/table.ts";
import { write } from "../output/write.ts";
import { printed } from "./ls.ts";

/** `get`: one sandbox, or several. */
export const get = defineCommand<FormatOptions>({
  usage: "get <sandboxes...>",
  summary: "show what sandboxes are and how they fare",
  args: { sandboxes: "their ids, or APP/NAME" },
  examples: [
    ["get my-app/worker", "all that is known of it"],
    ["get my-app/worker -o json", "the same for programs"],
  ],
  options: withFormat,
  async run([references = []], { output, ...options }) {
    const client = await clientFor(options);
    const found = await Promise.all(
      references.map(async (reference) => await (await sandboxOf(client, reference)).info()),
    );
    const [only] = found;
    if (output === "json" || output === "yaml")
      return await write(await serialized(found.length === 1 ? only : found, output));
    if (output !== undefined) return await write(await printed(found, output));
    await write(found.map((info) => table(described(info))).join("\n"));
  },
});

import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { visibleLine } from "../output/visible.ts";
import { write } from "../output/write.ts";
import { changedTags } from "../parse/pairs.ts";

/** `tags`: shows and changes them. */
export const tags = defineCommand({
  usage: "tags <sandbox> [changes...]",
  summary: "show or change a sandbox's tags",
  args: { sandbox: "its id, or APP/NAME", changes: "NAME=VALUE sets a tag, NAME- removes it" },
  examples: [
    ["tags my-app/worker", "a line for each"],
    ["tags my-app/worker team=a stage-", "set one, remove another"],
  ],
  async run([[reference = ""] = [], changes = []], options) {
    const sandbox = await sandboxOf(await clientFor(options), reference);
    const before = await sandbox.getTags();
    const after = changedTags(before, changes);
    if (changes.length > 0) await sandbox.setTags(after);
    for (const [name, value] of Object.entries(after)) await write(`${visibleLine(`${name}=${value}`)}\n`);
  },
});

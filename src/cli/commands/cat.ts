import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { write } from "../output/write.ts";
import { remotePlaceOf } from "../parse/place.ts";

/** `cat`: contents of files inside. */
export const cat = defineCommand({
  usage: "cat <files...>",
  summary: "print files of sandboxes",
  args: { files: "SANDBOX:/path" },
  examples: [["cat my-app/worker:/etc/hostname", "as it is, also what is no text"]],
  async run([files = []], options) {
    const places = files.map(remotePlaceOf);
    const client = await clientFor(options);
    for (const { sandbox, path } of places) {
      const { filesystem } = await sandboxOf(client, sandbox);
      for await (const octets of filesystem.readStream(path)) await write(octets);
    }
  },
});

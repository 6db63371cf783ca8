import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { placeOf } from "../parse/place.ts";

/** `cp`: files and trees, both ways. */
export const cp = defineCommand<{ quiet?: boolean; resume?: boolean }>({
  usage: "cp <places...>",
  summary: "copy files and directories to and from sandboxes",
  args: { places: "what to copy, and where to; SANDBOX:/path is inside, - is standard input or output" },
  examples: [
    ["cp data.csv my-app/worker:/data/", "into a directory"],
    ["cp src my-app/worker:/work/src", "a directory with all in it"],
    ["cp my-app/worker:/work/out .", "out of the sandbox, to here"],
    ["cp my-app/worker:/etc/hostname -", "to standard output"],
  ],
  options: (command) =>
    command
      .option("-q, --quiet", "show no progress")
      .option("--resume", "send no file of a tree that is inside already, with the same size, time and permissions"),
  async run([places = []], { quiet = false, resume = false, ...options }) {
    const [target, ...sources] = places.map(placeOf).reverse();
    if (target === undefined || sources.length === 0)
      throw new Failure("It takes what to copy and where to", "Such as: cp data.csv SANDBOX:/data/");
    const client = await clientFor(options);
    const { upload, download } = await import("../copy/copy.ts");
    for (const source of sources.reverse()) {
      const into = sources.length > 1 && !target.path.endsWith("/") ? `${target.path}/` : target.path;
      const places = `${source.path} to ${target.path}`;
      if (source.sandbox === undefined && target.sandbox !== undefined)
        await upload((await sandboxOf(client, target.sandbox)).filesystem, source.path, into, { quiet, resume });
      else if (source.sandbox !== undefined && target.sandbox === undefined)
        await download((await sandboxOf(client, source.sandbox)).filesystem, source.path, into, { quiet });
      else if (source.sandbox === undefined)
        throw new Failure(`Cannot copy ${places}: both are here`, "Write SANDBOX:/path for the one inside.");
      else throw new Failure(`Cannot copy ${places}: both are inside`, "Copy to here first.");
    }
  },
});

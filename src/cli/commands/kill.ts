import { allOf } from "../all-of.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { write } from "../output/write.ts";
import { pairs } from "../parse/pairs.ts";

interface KillOptions {
  all?: boolean;
  app?: string;
  tag?: Record<string, string>;
  rm?: boolean;
  wait?: boolean;
}

/** `kill`: ends sandboxes. */
export const kill = defineCommand<KillOptions>({
  usage: "kill [sandboxes...]",
  summary: "end sandboxes",
  args: { sandboxes: "their ids, or APP/NAME" },
  examples: [
    ["kill my-app/worker", "at once; its record stays for a day"],
    ["kill --app my-app --rm", "all of an app, records included"],
  ],
  options: (command) =>
    command
      .option("--all", "all that run in the namespace")
      .option("--app <name>", "all that run of this app")
      .option("--tag <name=value>", "all that run with this tag", pairs)
      .option("--rm", "delete their records as well")
      .option("--wait", "until they have finished"),
  async run([references = []], { all = false, app, tag, rm = false, wait = false, ...options }) {
    const several = all || app !== undefined || tag !== undefined;
    if (several === references.length > 0)
      throw new Failure("It is not clear which sandboxes to end", "Name them, or give --app, --tag or --all.");
    const client = await clientFor(options);
    const selection = { ...(app !== undefined && { appId: app }), ...(tag && { tags: tag }) };
    const found = several
      ? await allOf(client.sandboxes.list(selection))
      : await Promise.all(references.map(async (reference) => await sandboxOf(client, reference)));
    await Promise.all(
      found.map(async (sandbox) => {
        if (wait) await sandbox.terminate({ wait });
        if (rm) await sandbox.delete();
        else if (!wait) await sandbox.terminate();
        await write(`${sandbox.sandboxId}\n`);
      }),
    );
  },
});

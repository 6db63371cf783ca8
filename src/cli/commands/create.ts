import { clientFor } from "../client.ts";
import { defineCommand } from "../command.ts";
import { createSandbox, withCreateOptions, type CreateOptions } from "../create-options.ts";
import { write } from "../output/write.ts";

interface Options extends CreateOptions {
  wait?: boolean;
}

/** `create`: a sandbox that stays until it is ended. */
export const create = defineCommand<Options>({
  usage: "create <image> [command...]",
  summary: "create a sandbox and print its id",
  args: { image: "the OCI image", command: "what it runs, behind --; without it, it stays up" },
  examples: [
    ["create python:3.13-slim --app my-app --name worker --timeout 1h", "stays up for an hour"],
    ["create alpine --cpu 500m --memory 256Mi --no-network", "with bounds"],
    ["create alpine --wait", "print the id once programs can run in it"],
  ],
  options: (command) =>
    withCreateOptions(command).option("--wait", "until it has started; without, until it is accepted"),
  async run([[image = ""] = [], command = []], options) {
    const client = await clientFor(options);
    const sandbox = await createSandbox(client, image, command, options);
    if (options.wait === true) await sandbox.waitUntilStarted();
    await write(`${sandbox.sandboxId}\n`);
  },
});

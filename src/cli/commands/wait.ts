import { Option } from "commander";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { duration } from "../parse/quantity.ts";

interface WaitOptions {
  for: "started" | "ready" | "finished";
  timeout?: number;
}

/** `wait`: until a sandbox has come so far. */
export const wait = defineCommand<WaitOptions>({
  usage: "wait <sandbox>",
  summary: "wait until a sandbox has finished, and end with its exit code",
  args: { sandbox: "its id, or APP/NAME" },
  examples: [
    ["wait my-app/worker", "137: terminated, 124: its time was over"],
    ["wait --for ready --timeout 1m my-app/worker", "until its readiness probe succeeds"],
  ],
  options: (command) =>
    command
      .addOption(
        new Option("--for <state>", "what to wait for").choices(["started", "ready", "finished"]).default("finished"),
      )
      .option("--timeout <duration>", "fail after this long", duration),
  async run([[reference = ""] = []], { for: state, timeout, ...options }) {
    const limit = timeout === undefined ? {} : { signal: AbortSignal.timeout(timeout) };
    try {
      const sandbox = await sandboxOf(await clientFor(options), reference);
      if (state === "finished") return await sandbox.wait(limit);
      if (state === "started") return await sandbox.waitUntilStarted(limit);
      await sandbox.waitUntilReady(timeout ?? Number.MAX_SAFE_INTEGER, limit);
    } catch (error) {
      if (limit.signal?.aborted !== true) throw error;
      throw new Failure(
        `Sandbox ${reference} has not ${verbs[state]} in time`,
        "It goes on. `get` shows how it fares.",
      );
    }
  },
});

const verbs = { started: "started", ready: "become ready", finished: "finished" };

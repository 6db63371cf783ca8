import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const hack = join(import.meta.dirname, "../../../hack");

test.each([
  ["bench", /Measures .*\n\n {2}hack\/bench \[NAME…\] \[--json FILE\]\n/],
  ["cluster", /the list of commands/],
  ["install", /hack\/install \[--name CLUSTER\]/],
  ["quickstart", /hack\/quickstart \[--name CLUSTER\]/],
  ["soak", /hack\/soak MINUTES \[SEED\]/],
  ["test", /every test/],
])("hack/%s --help says what it does and takes", async (command, text) => {
  const { stdout, stderr } = await run(join(hack, command), ["--help"]);
  expect(stdout).toMatch(text);
  expect(stdout).not.toMatch(/common\.sh/);
  expect(stderr).toBe("");
});

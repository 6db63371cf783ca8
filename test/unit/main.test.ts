import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const main = join(import.meta.dirname, "../../src/main.ts");

function run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

it("explains itself", async () => {
  expect(await run(["--help"])).toMatchObject({ code: 0, stdout: expect.stringContaining("gateway"), stderr: "" });
});

it.each<[args: string[], env: NodeJS.ProcessEnv, message: string]>([
  [[], {}, "no command"],
  [["teapot"], {}, 'unknown command "teapot"'],
  [["gateway", "now"], {}, 'unexpected "now"'],
  [["constructor"], {}, 'unknown command "constructor"'],
  [["gateway"], { SANDKEEP_GATEWAY_PORT: "http" }, "SANDKEEP_GATEWAY_PORT"],
])("refuses %j with %j in one line, with exit code 2", async (args, env, message) => {
  const { code, stdout, stderr } = await run(args, env);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
});

import { expect, test } from "vitest";
import { codeAndWhole } from "../../../src/cli/terminal/cut-output.ts";
import { pipes } from "../../../src/cli/terminal/pipes.ts";
import { App } from "../../../src/sdk/app.ts";
import { broken, scripted } from "../sdk/script.ts";

const view = { id: "s", namespace: "test", createdAt: "2026-01-01T00:00:00Z", spec: { app: "a" }, status: {} };

/** The command of a new sandbox whose gateway goes after so much of its output; the sandbox has finished when another answers. */
async function commandOf(output: string) {
  const { client } = scripted(({ path }, times) => {
    if (path.includes("/exit")) return { body: { code: 5, timedOut: false } };
    if (path.includes("/stdout") && times === 0) return { body: broken(output) };
    if (/std(out|err)/.test(path)) return { headers: { "sandkeep-streams": "merged" }, body: "" };
    return { body: view };
  });
  const sandbox = await client.sandboxes.create(new App("a"), undefined, { command: ["sh"] });
  return await sandbox.attach("entrypoint", { mode: "binary" });
}

test("a command that ends while its gateway has gone has its exit code, and output that is not whole", async () => {
  const remote = await commandOf("\n");
  expect(await codeAndWhole(pipes(remote, false), remote)).toEqual({ code: 5, whole: false });
});

test("one of which nothing had come is read from its log, and whole", async () => {
  const remote = await commandOf("");
  expect(await codeAndWhole(pipes(remote, false), remote)).toEqual({ code: 5, whole: true });
});

test("any other failure is one", async () => {
  const remote = await commandOf("");
  await expect(codeAndWhole(Promise.reject(new Error("refused")), remote)).rejects.toThrow("refused");
});

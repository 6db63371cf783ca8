import type { Sandbox } from "sandkeep";
import { SandkeepMock, type MockParams } from "sandkeep/testing";
import { expect, test } from "vitest";

async function sandboxOf(params: MockParams): Promise<Sandbox> {
  const { client } = new SandkeepMock(params);
  const app = await client.apps.fromName("tests", { createIfMissing: true });
  return await client.sandboxes.create(app, client.images.fromRegistry("debian"), { env: { OF: "sandbox" } });
}

test("a program of the test's own is given what the process is", async () => {
  const sandbox = await sandboxOf({
    secrets: { login: { TOKEN: "secret" } },
    programs: {
      async tool(command, { env, workdir, sandboxId, readStdin }) {
        const { OF, ADDED, TOKEN } = env;
        return { stdout: JSON.stringify([command, OF, ADDED, TOKEN, workdir, sandboxId, await readStdin()]) };
      },
    },
  });
  const { secrets } = new SandkeepMock({ secrets: { login: {} } }).client;
  const process = await sandbox.exec(["tool", "--fast"], {
    env: { ADDED: "by exec" },
    secrets: [secrets.fromName("login")],
    workdir: "/tmp",
  });
  await process.stdin.writeText("input");
  await process.stdin.close();
  expect(JSON.parse(await process.stdout.readText())).toEqual([
    ["tool", "--fast"],
    "sandbox",
    "by exec",
    "secret",
    "/tmp",
    sandbox.sandboxId,
    "input",
  ]);
});

test("a program writes while it runs, and hears of its end", async () => {
  const ended = Promise.withResolvers<string>();
  const sandbox = await sandboxOf({
    programs: {
      serve(_, { write, signal }) {
        write("stdout", "listening\n");
        return new Promise(() => signal.addEventListener("abort", () => ended.resolve("killed")));
      },
    },
  });
  const process = await sandbox.exec(["serve"]);
  const reader = process.stdout.getReader();
  expect(await reader.read()).toEqual({ done: false, value: "listening\n" });
  await process.kill("SIGTERM");
  expect([await process.wait(), await ended.promise]).toEqual([143, "killed"]);
});

test.each<[command: string[], stdout: string, stderr: string, code: number]>([
  [["sh", "-c", "greet && echo $OF"], "hello from greet\nsandbox\n", "", 0],
  [["/usr/bin/greet"], "hello from /usr/bin/greet\n", "", 0],
  [["anything"], "", "not mocked: anything\n", 9],
  [["breaks"], "", "Error: broken\n", 1],
  [["sh", "-c", "false || echo 'or $OF'; echo \"and $OF\" >&2; exit 4; echo never"], "or $OF\n", "and sandbox\n", 4],
  [["sh", "-c", "echo one > file; echo two >> file; cat file"], "one\ntwo\n", "", 0],
  [["sh", "-c", "false; true && test -f missing"], "", "", 1],
])("%j", async (command, stdout, stderr, code) => {
  const sandbox = await sandboxOf({
    programs: {
      greet: ([name]) => ({ stdout: `hello from ${name}\n` }),
      breaks() {
        throw new Error("broken");
      },
      "*": ([name]) => ({ stderr: `not mocked: ${name}\n`, exitCode: 9 }),
    },
  });
  const process = await sandbox.exec(command, { workdir: "/tmp" });
  expect([await process.stdout.readText(), await process.stderr.readText(), await process.wait()]).toEqual([
    stdout,
    stderr,
    code,
  ]);
});

test("an image is found by the id that it was built with", async () => {
  const { client } = new SandkeepMock();
  const app = await client.apps.fromName("tests", { createIfMissing: true });
  const { imageId } = await client.images.fromRegistry("ghcr.io/own/tool:1").build(app);
  expect(imageId).toMatch(/^ghcr\.io\/own\/tool@sha256:[0-9a-f]{64}$/);
  expect((await client.images.fromId(imageId)).imageId).toBe(imageId);
});

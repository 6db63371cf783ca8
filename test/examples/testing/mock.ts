// Tests a function that uses sandboxes, without a cluster.
import assert from "node:assert/strict";
import { ConflictError, type Sandbox } from "sandkeep";
import { SandkeepMock } from "sandkeep/testing";

// What is tested: how many commits a repository has.
async function countCommits(sandbox: Sandbox, url: string): Promise<number> {
  const clone = await sandbox.exec(["git", "clone", url, "/repository"]);
  if ((await clone.wait()) !== 0) throw new Error(await clone.stderr.readText());
  const log = await sandbox.exec(["git", "-C", "/repository", "rev-list", "--count", "HEAD"]);
  return Number(await log.stdout.readText());
}

// Programs that the sandboxes of this test have; echo, cat, sh -c and the like are there.
const mock = new SandkeepMock({
  programs: {
    git(command) {
      if (command.includes("rev-list")) return { stdout: "42\n" };
      if (command.includes("https://example.com/missing")) return { stderr: "not found\n", exitCode: 128 };
      return {};
    },
  },
});

const app = await mock.client.apps.fromName("tests", { createIfMissing: true });
const sandbox = await mock.client.sandboxes.create(app);

assert.equal(await countCommits(sandbox, "https://example.com/repository"), 42);
await assert.rejects(countCommits(sandbox, "https://example.com/missing"), /not found/);

// Errors, files and exit codes are those of real sandboxes
await sandbox.filesystem.writeText("x = 1", "/work/main.py");
const p = await sandbox.exec(["sh", "-c", "cat main.py; exit 3"], { workdir: "/work" });
assert.equal(await p.stdout.readText(), "x = 1");
assert.equal(await p.wait(), 3);
assert.equal(await sandbox.terminate({ wait: true }), 137);
await assert.rejects(sandbox.exec(["true"]), ConflictError);
console.log("passed");

import { mkdtempDisposable } from "node:fs/promises";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { broken, idle, scripted, type Answer } from "./script.ts";

const view = { id: "s", namespace: "test", createdAt: "2026-01-01T00:00:00Z", spec: { app: "a" }, status: {} };

/** Reads a file whose contents are answered so, one answer after the other. */
async function filesystemOf(...answers: Answer[]) {
  const gateway = scripted(({ path }, times) =>
    path.includes("/files") ? (answers[times] ?? { body: "" }) : { body: view },
  );
  const { filesystem } = await gateway.client.sandboxes.fromId("s");
  return { ...gateway, filesystem };
}

const headers = { etag: "1" };

test("a download that breaks off behind its last octet is whole", async () => {
  const refusal = { code: "invalid_argument", resource: "file", message: "", details: { size: 4 } };
  const { filesystem } = await filesystemOf({ headers, body: broken("abcd") }, { status: 416, body: refusal });
  await expect(filesystem.readText("/a")).resolves.toBe("abcd");
});

test("a download that breaks off is not gone on with from a reply that begins anew", async () => {
  const { filesystem } = await filesystemOf({ headers, body: broken("ab") }, { headers, body: "abcd" });
  await expect(filesystem.readText("/a")).rejects.toThrow("changed");
});

test("a download that breaks off is gone on with", async () => {
  const { filesystem } = await filesystemOf({ headers, body: broken("ab") }, { headers, status: 206, body: "cd" });
  await expect(filesystem.readText("/a")).resolves.toBe("abcd");
});

test("the size of an open file is asked for over a connection that can be used again", async () => {
  const gateway = scripted(({ path }) =>
    path.includes("/files") ? { status: 206, headers: { "content-range": "bytes 0-0/7" }, body: "a" } : { body: view },
  );
  const sandbox = await gateway.client.sandboxes.fromId("s");
  await using file = await sandbox.open("/a");
  await expect(file.seek(0, "end")).resolves.toBe(7);
  expect(gateway.cancelled).toEqual([]);
});

test("a download that cannot be written here is given up", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "sandkeep-"));
  await writeFile(join(directory.path, "file"), "");
  const { filesystem, cancelled } = await filesystemOf({ headers, body: idle("ab") });
  const local = join(directory.path, "file", "below");
  await expect(filesystem.copyToLocal("/a", local)).rejects.toThrow(/EEXIST|ENOTDIR/);
  expect(cancelled).toEqual(["GET /sandboxes/s/files"]);
});

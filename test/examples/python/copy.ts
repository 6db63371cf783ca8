// Copies files between this machine and a sandbox.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("debian:bookworm-slim");
const sandbox = await sandkeep.sandboxes.create(app, image);
const folder = await mkdtemp(join(tmpdir(), "sandkeep-"));

const localPath = join(folder, "hello.txt");
await writeFile(localPath, "Hello, world!\n");
await sandbox.filesystem.copyFromLocal(localPath, "/tmp/hello.txt");

await sandbox.filesystem.copyToLocal("/tmp/hello.txt", join(folder, "local-hello.txt"));
console.log(await readFile(join(folder, "local-hello.txt"), "utf8"));

await rm(folder, { recursive: true });
await sandbox.terminate();

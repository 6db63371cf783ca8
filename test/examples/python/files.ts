// Reads, writes, lists and removes files inside a sandbox.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("debian:bookworm-slim");
const sandbox = await sandkeep.sandboxes.create(app, image);
const { filesystem } = sandbox;

// Text
await filesystem.writeText("Hello, world!\n", "/tmp/hello.txt");
const text = await filesystem.readText("/tmp/hello.txt");
console.log(text);

// Octets
await filesystem.writeBytes(new TextEncoder().encode("Hello, world!\n"), "/tmp/hello.bin");
const contents = await filesystem.readBytes("/tmp/hello.bin");
console.log(new TextDecoder().decode(contents));

// What is known of a file
const info = await filesystem.stat("/tmp/hello.txt");
console.log(info.size, info.permissions, new Date(info.modifiedTime * 1000) <= new Date());

// Directories
await filesystem.makeDirectory("/tmp/a/b/c");
const entries = await filesystem.listFiles("/tmp");
for (const entry of entries) {
  console.log(entry.name, entry.type, entry.size);
}

// To remove a file:
await filesystem.remove("/tmp/hello.bin");

// To remove a directory and all its contents:
await filesystem.remove("/tmp/a", { recursive: true });
console.log(await sandbox.ls("/tmp"));

await sandbox.terminate();

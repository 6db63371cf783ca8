// Runs one command as a sandbox of its own, and reads what it wrote.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("sandbox-hello-world", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("debian:bookworm-slim");

const sandbox = await sandkeep.sandboxes.create(app, image, { command: ["echo", "hello world"] });
console.log(await sandbox.stdout.readText());
await sandbox.wait();

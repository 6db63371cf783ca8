// Writes a file and reads it, as with a file of one's own.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13");
const sandbox = await sandkeep.sandboxes.create(app, image);

const output = await sandbox.open("/tmp/output.txt", "w");
await output.write("Hello, world!");
await output.close();

const file = await sandbox.open("/tmp/output.txt", "r");
const content = await file.read();
await file.close();
console.log(content);

await sandbox.terminate();

// Runs a command, once for its text and once for its octets.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13");
const sandbox = await sandkeep.sandboxes.create(app, image);

// Execute a simple command
const proc = await sandbox.exec(["python", "--version"]);
const output = await proc.stdout.readText();
console.log(output);
const exitCode = await proc.wait();
console.log(exitCode);

// Binary mode
const octets = await sandbox.exec(["head", "-c", "4", "/usr/bin/python3"], { mode: "binary" });
const magic = await octets.stdout.readBytes();
console.log(magic); // 0x7f E L F

await sandbox.terminate();

// Writes a Python script into a sandbox and runs it.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();

const app = await sandkeep.apps.fromName("python-runner", {
  createIfMissing: true,
});

const image = sandkeep.images.fromRegistry("python:3.13");

const sandbox = await sandkeep.sandboxes.create(app, image, {
  memoryMiB: 64,
});

// Write a script
const script = await sandbox.open("/tmp/script.py", "w");
await script.write(`
import statistics
print(f"Median: {statistics.median([3, 1, 2])}")
`);
await script.close();

// Execute it
const proc = await sandbox.exec(["python", "/tmp/script.py"]);
const output = await proc.stdout.readText();
console.log(output);

await sandbox.terminate();

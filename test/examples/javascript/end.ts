// Asks whether a sandbox has finished, waits for it, and ends it.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13");
const sandbox = await sandkeep.sandboxes.create(app, image, { command: ["cat"] });

const code = await sandbox.poll();
if (code !== null) {
  console.log(`Finished with code: ${code}`);
} else {
  console.log("Still running");
}

// Without more input its command ends
await sandbox.stdin.writeText("the last line\n");
await sandbox.stdin.close();
console.log(await sandbox.wait());

// Terminate and get exit code
const exitCode = await sandbox.terminate({ wait: true });
console.log(`Exited with code: ${exitCode}`);

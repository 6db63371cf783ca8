// Creates a sandbox with processors, memory, a time limit, variables and a command of its own.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13");

const sandbox = await sandkeep.sandboxes.create(app, image, {
  cpu: 0.1,
  memoryMiB: 64,
  timeoutMs: 600000, // 10 minutes
  env: { ENVIRONMENT: "production" },
  command: ["python", "-c", "import os; print(os.environ['ENVIRONMENT'])"],
});
console.log(await sandbox.stdout.readText());

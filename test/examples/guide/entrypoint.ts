// Runs a server as the sandbox's own command, and shows what it writes until its time is over.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image, {
  command: ["python", "-u", "-m", "http.server", "8080"],
  timeoutMs: 10 * 1000,
});
for await (const line of sb.stdout) {
  process.stdout.write(line);
}
console.log(await sb.wait()); // 124: it reached its time limit

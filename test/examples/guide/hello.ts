// Runs two programs in a sandbox: one that says hello, and one whose output is shown while it runs.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", {
  createIfMissing: true,
});
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image);

const p = await sb.exec(["python", "-c", "print('hello')"], {
  timeoutMs: 3 * 1000,
});
console.log(await p.stdout.readText());

const p2 = await sb.exec(["bash", "-c", "for i in {1..10}; do date +%T; sleep 0.5; done"], { timeoutMs: 60 * 1000 });
for await (const line of p2.stdout) {
  process.stdout.write(line);
}

await sb.terminate();

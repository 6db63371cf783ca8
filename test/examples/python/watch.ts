// Waits until a program in the sandbox has made a certain file.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("debian:bookworm-slim");
const sandbox = await sandkeep.sandboxes.create(app, image);
await sandbox.filesystem.makeDirectory("/tmp/foo");

const watch = sandbox.filesystem.watch("/tmp/foo", {
  recursive: true,
  filter: ["Create"],
  timeoutMs: 60 * 1000,
});
await watch.ready;
await sandbox.exec(["sh", "-c", "touch /tmp/foo/first; touch /tmp/foo/work.done"]);

for await (const event of watch) {
  console.log(event.eventType, event.paths);
  if (event.paths.some((path) => path.endsWith(".done"))) break;
}

await sandbox.terminate();

// Reads the output of a command line by line.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("debian:bookworm-slim");
const sandbox = await sandkeep.sandboxes.create(app, image);

const process = await sandbox.exec(["bash", "-c", "for i in $(seq 1 3); do echo foo $i; sleep 0.1; done"], {
  bufsize: 1,
});
for await (const line of process.stdout) {
  console.log(line);
}

await sandbox.terminate();

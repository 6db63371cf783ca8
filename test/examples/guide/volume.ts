// Keeps files longer than the sandbox: in a volume, mounted at /data.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");
const volume = sandkeep.volumes.fromName("my-volume", { createIfMissing: true });

const sb = await sandkeep.sandboxes.create(app, image, {
  volumes: { "/data": volume },
  workdir: "/data",
});
const p = await sb.exec(["sh", "-c", "echo kept > notes.txt; cat /data/notes.txt"]);
console.log(await p.stdout.readText());
await sb.terminate();

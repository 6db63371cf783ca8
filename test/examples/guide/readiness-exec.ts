// Waits until a command inside the sandbox says that what was set up there is complete.
import { Probe, SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image, {
  command: ["bash", "-c", "sleep 5 && touch /tmp/ready && sleep 3600"],
  readinessProbe: Probe.withExec(["sh", "-c", "test -f /tmp/ready"], {
    intervalMs: 250,
  }),
});

// Blocks until "test -f /tmp/ready" exits with code 0
await sb.waitUntilReady();

// The sandbox is now ready
const p = await sb.exec(["ls", "/tmp/ready"]);
console.log(await p.stdout.readText());
await sb.terminate();

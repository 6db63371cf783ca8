// Ends a sandbox that does not become ready in time.
import { Probe, SandkeepClient, TimeoutError } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image, {
  readinessProbe: Probe.withExec(["test", "-f", "/tmp/never"]),
});

try {
  await sb.waitUntilReady(1000);
} catch (err) {
  if (!(err instanceof TimeoutError)) throw err;
  console.log("Sandbox failed to become ready");
  await sb.terminate();
}

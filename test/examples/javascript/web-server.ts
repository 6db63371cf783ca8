// Runs a web server that everybody may reach.
import { Probe, SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("web-server", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sandbox = await sandkeep.sandboxes.create(app, image, {
  encryptedPorts: [8000],
  command: ["python3", "-m", "http.server", "8000"],
  readinessProbe: Probe.withTcp(8000),
});
await sandbox.waitUntilReady();

const tunnels = await sandbox.tunnels();
const url = tunnels[8000]?.url ?? "";
console.log(`Server available at: ${url}`);

// Access the server...
const response = await fetch(url);
console.log(response.status, (await response.text()).includes("Directory listing"));

await sandbox.terminate();

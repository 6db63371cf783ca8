// Starts a web server, and goes on once it accepts connections.
import { Probe, SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image, {
  command: ["python3", "-m", "http.server", "8080"],
  readinessProbe: Probe.withTcp(8080),
});

// Blocks until port 8080 is accepting connections
await sb.waitUntilReady();

// The server is now ready: interact with it by exec
const fetch = "import urllib.request; print(urllib.request.urlopen('http://localhost:8080').status)";
const p = await sb.exec(["python3", "-c", fetch]);
console.log(await p.stdout.readText());
await sb.terminate();

// Lets whoever has the token send HTTP requests to a server, which learns on whose behalf they come.
import { Probe, SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const greeter = `
from http.server import BaseHTTPRequestHandler, HTTPServer
class Greeter(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"Hello, {self.headers['X-Verified-User-Data']}!".encode())
HTTPServer(("0.0.0.0", 8080), Greeter).serve_forever()
`;
const sandbox = await sandkeep.sandboxes.create(app, image, {
  command: ["python3", "-c", greeter],
  readinessProbe: Probe.withTcp(8080),
});
await sandbox.waitUntilReady();

const { url, token } = await sandbox.createConnectToken({ userMetadata: "abc" });
const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
console.log(response.status, await response.text());
console.log((await fetch(url)).status);

await sandbox.terminate();

// Publishes a port, and tells where it is reached.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sandbox = await sandkeep.sandboxes.create(app, image, {
  encryptedPorts: [8000],
});

const tunnels = await sandbox.tunnels();
const tunnel = tunnels[8000];
console.log(`Service available at: ${tunnel?.url}`);
await sandbox.terminate();

// Lets a sandbox live for up to ten minutes instead of five, and leaves it running.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image, {
  timeoutMs: 10 * 60 * 1000, // 10 minutes
});
sb.detach();

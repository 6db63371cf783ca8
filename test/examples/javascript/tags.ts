// Puts tags on a sandbox, and reads them.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13");
const sandbox = await sandkeep.sandboxes.create(app, image);

await sandbox.setTags({
  env: "production",
  version: "1.0",
});

const tags = await sandbox.getTags();
console.log(tags); // { env: "production", version: "1.0" }

await sandbox.terminate();

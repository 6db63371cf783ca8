// Finds running sandboxes by id, by name, and all of them.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("listed-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13");
const { sandboxId } = await sandkeep.sandboxes.create(app, image, {
  name: "worker-1",
  tags: { env: "staging" },
});

const byId = await sandkeep.sandboxes.fromId(sandboxId);
const byName = await sandkeep.sandboxes.fromName("listed-app", "worker-1");
console.log(byId.sandboxId === byName.sandboxId);

for await (const sandbox of sandkeep.sandboxes.list({ appId: app.appId })) {
  console.log(sandbox.sandboxId);
}

// Filter by tags
for await (const sandbox of sandkeep.sandboxes.list({
  tags: { env: "staging" },
})) {
  await sandbox.terminate();
}

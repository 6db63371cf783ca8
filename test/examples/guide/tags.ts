// Tells sandboxes apart by tags.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("tagged-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sandboxV1_1 = await sandkeep.sandboxes.create(app, image, {
  command: ["sleep", "30"],
});
const sandboxV1_2 = await sandkeep.sandboxes.create(app, image, {
  command: ["sleep", "30"],
});

await sandboxV1_1.setTags({ major_version: "1", minor_version: "1" });
await sandboxV1_2.setTags({ major_version: "1", minor_version: "2" });

// All sandboxes.
for await (const sandbox of sandkeep.sandboxes.list({ appId: app.appId })) {
  console.log("all", sandbox.sandboxId);
}

// Also all sandboxes.
for await (const sandbox of sandkeep.sandboxes.list({
  appId: app.appId,
  tags: { major_version: "1" },
})) {
  console.log("version 1", sandbox.sandboxId);
}

// Just the latest sandbox.
for await (const sandbox of sandkeep.sandboxes.list({
  appId: app.appId,
  tags: { major_version: "1", minor_version: "2" },
})) {
  console.log("version 1.2", sandbox.sandboxId);
}
sandboxV1_1.detach();
sandboxV1_2.detach();

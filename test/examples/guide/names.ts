// Gives a sandbox a name, which only one running sandbox of an app can have, and finds it by that.
import { AlreadyExistsError, SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb1 = await sandkeep.sandboxes.create(app, image, { name: "my-name" });
try {
  await sandkeep.sandboxes.create(app, image, { name: "my-name" });
} catch (err) {
  // this will raise an AlreadyExistsError
  console.log(err instanceof AlreadyExistsError);
}

// returns the currently running Sandbox with the name "my-name" from the
// deployed app named "my-app".
const sb2 = await sandkeep.sandboxes.fromName("my-app", "my-name");
console.log(sb1.sandboxId === sb2.sandboxId); // sb1 and sb2 refer to the same Sandbox
sb2.detach();
await sb1.terminate();

// Looks an image up once, when a program is deployed, and creates sandboxes from exactly that one later.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();

// deploy.ts
const app = await sandkeep.apps.fromName("sandbox-app", { createIfMissing: true });

const built = await sandkeep.images.fromRegistry("ubuntu:24.04").build(app);

// Store image.imageId for later use (e.g. in a database or config)
const imageId = built.imageId;
console.log(imageId);

// app.ts
const image = await sandkeep.images.fromId(imageId);
const sb = await sandkeep.sandboxes.create(app, image);
sb.detach();

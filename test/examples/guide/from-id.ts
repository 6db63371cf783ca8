// Comes back to a sandbox by its id.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image);
const sbId = sb.sandboxId;
sb.detach();

// ... later in the program ...

const sb2 = await sandkeep.sandboxes.fromId(sbId);
const p = await sb2.exec(["echo", "hello"]);
console.log(await p.stdout.readText());
await sb2.terminate();

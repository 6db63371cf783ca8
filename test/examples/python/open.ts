// Opens a file in a sandbox with the modes of Python's open().
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("debian:bookworm-slim");
const sb = await sandkeep.sandboxes.create(app, image);

const f = await sb.open("/test.txt", "w");
await f.write("hello");
await f.close();

const g = await sb.open("/test.txt", "r+");
await g.seek(0, "end");
await g.write(", world");
await g.seek(0);
console.log(await g.read());
await g.close();

await sb.terminate();

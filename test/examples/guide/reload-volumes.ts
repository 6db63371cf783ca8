// Hands files of a volume from one sandbox to another.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");
const volumes = { "/data": sandkeep.volumes.fromName("handed-over", { createIfMissing: true }) };

const writer = await sandkeep.sandboxes.create(app, image, { volumes });
await (await writer.exec(["sh", "-c", "echo handed over > /data/notes.txt"])).wait();
await writer.reloadVolumes();

const reader = await sandkeep.sandboxes.create(app, image, { volumes });
const p = await reader.exec(["cat", "/data/notes.txt"]);
console.log(await p.stdout.readText());
await Promise.all([writer.terminate(), reader.terminate()]);

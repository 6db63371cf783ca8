// Gives the programs of a sandbox a secret value, as an environment variable.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const secret = sandkeep.secrets.fromObject({ MY_SECRET: "hello" });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image, {
  secrets: [secret],
});
const p = await sb.exec(["bash", "-c", "echo $MY_SECRET"]);
console.log(await p.stdout.readText());
await sb.terminate();

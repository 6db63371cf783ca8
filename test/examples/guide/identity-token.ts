// Gives a sandbox a token by which others recognise it.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("python:3.13-slim");

const sb = await sandkeep.sandboxes.create(app, image, { includeOidcIdentityToken: true });
const p = await sb.exec(["sh", "-c", "echo $SANDKEEP_IDENTITY_TOKEN"]);
const [, claims = ""] = (await p.stdout.readText()).split(".");
console.log(JSON.parse(Buffer.from(claims, "base64url").toString()).aud);
await sb.terminate();

import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newTenant } from "./tenant.ts";

const program = `
import { SandkeepClient } from "sandkeep";
const ca = process.env.CERTIFICATE;
const client = new SandkeepClient({ ca });
const app = await client.apps.fromName("ends", { createIfMissing: true });
const image = client.images.fromRegistry("busybox:stable");
const sandbox = await client.sandboxes.create(app, image, { cpu: 0.01, memoryMiB: 16, command: ["sleep", "120"] });
await sandbox.exec(["sleep", "120"]);
void sandbox.exec(["sleep", "120"]);
const { stdout } = await sandbox.exec(["cat"]);
await (await sandbox.exec(["true"])).wait();
console.log("done");`;

test("a program ends when its own work is done, whatever still runs in its sandbox, without detach or close", async () => {
  await using tenant = await newTenant();
  const env = {
    PATH: process.env["PATH"],
    SANDKEEP_URL: tenant.installed.gateway,
    SANDKEEP_TOKEN: tenant.token,
    SANDKEEP_NAMESPACE: tenant.namespace,
    CERTIFICATE: tenant.installed.certificate,
  };
  const cwd = join(import.meta.dirname, "../..");
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { env, cwd });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const done = new Promise<number>((resolve) => child.stdout.once("data", () => resolve(performance.now())));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  // A second, and some for a busy machine; what runs in the sandbox takes two minutes.
  expect(performance.now() - (await done)).toBeLessThan(5_000);
});

import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { clientOf } from "./sdk.ts";
import { killAll, rolledOut, rollOut } from "./system.ts";
import { newTenant } from "./tenant.ts";

test("no byte of input or output is lost or comes twice while gateways are replaced and killed", async () => {
  await using tenant = await newTenant();
  await using client = clientOf(tenant);
  const app = await client.apps.fromName("lossless", { createIfMissing: true });
  const image = client.images.fromRegistry("busybox:stable");
  await using sandbox = await client.sandboxes.create(app, image, { cpu: 0.01, memoryMiB: 16, timeoutMs: 600_000 });
  const process = await sandbox.exec(["cat"], { mode: "binary" });
  const sent = createHash("sha256");
  const received = createHash("sha256");
  let octets = 0;
  const over = new AbortController();

  const writing = (async () => {
    while (!over.signal.aborted) {
      const piece = randomBytes(20_000);
      sent.update(piece);
      await process.stdin.writeBytes(piece);
      await pause(10);
    }
    await process.stdin.close();
  })();
  const reading = (async () => {
    for await (const chunk of process.stdout) {
      received.update(chunk);
      octets += chunk.length;
    }
  })();
  const grown = async (what: string) => {
    const before = octets;
    await waitFor(`output ${what}`, async () => octets > before + 200_000 || undefined);
  };

  await grown("before anything happens");
  await rollOut("gateway");
  await grown("behind a rollout");
  await killAll("gateway");
  const meanwhile = await sandbox.exec(["echo", "started while there was no gateway"]);
  expect(await meanwhile.stdout.readText()).toBe("started while there was no gateway\n");
  await rolledOut("gateway");
  await grown("after all gateways were killed");
  over.abort();
  await writing;
  await reading;
  expect(await process.wait()).toBe(0);
  expect(received.digest("hex")).toBe(sent.digest("hex"));
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import type { usageSchema } from "../../src/api/usage.ts";
import { runtimes } from "./runtimes.ts";
import { newTenant, type Tenant } from "./tenant.ts";

type Usage = z.infer<typeof usageSchema>;

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

describe.each(runtimes)("under %s", (runtime, inClass) => {
  test("a sandbox tells what it uses, and what it does not know it leaves out", async () => {
    const limits = { cpu: "500m", memory: "128Mi" };
    const spec = { ...inClass, image: "busybox:stable", resources: { requests: { cpu: "10m" }, limits } };
    const { id } = await tenant.gateway.create({ spec }, "started");
    const usage = async () => (await tenant.gateway.send("GET", `/sandboxes/${id}/usage`)).json as Usage;

    const before = await usage();
    expect(before).toMatchObject({
      cpu: { usedSeconds: expect.any(Number), limitCores: 0.5 },
      memory: { usedBytes: expect.any(Number), limitBytes: 128 << 20 },
      processes: { running: expect.any(Number), threads: expect.any(Number) },
    });
    expect(before.memory.usedBytes).toBeLessThanOrEqual(128 << 20);
    const known = runtime === "runc";
    expect("peakBytes" in before.memory).toBe(known);
    expect("totalBytes" in before.disk).toBe(known);

    await tenant.gateway.send("POST", `/sandboxes/${id}/processes`, { id: "p", command: ["sleep", "100"] });
    const compute = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    await tenant.gateway.exec(id, { command: ["sh", "-c", compute] });
    const after = await usage();
    expect(after.cpu.usedSeconds).toBeGreaterThan((before.cpu.usedSeconds ?? 0) + 0.1);
    // Links of the gateway are processes, too.
    expect(after.processes.running).toBeGreaterThan(before.processes.running ?? 0);
  });
});

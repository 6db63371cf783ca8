import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox } from "../../src/api/sandbox.ts";
import { makeGvisorClass } from "../support/gvisor.ts";
import { waitFor } from "../support/wait-for.ts";
import { newTenant, type Tenant } from "./tenant.ts";

const folder = "config/samples";
const samples = readdirSync(folder).filter((file) => file.endsWith(".yaml"));

let tenant: Tenant;
const classes = new Set<string>();
beforeAll(async () => {
  tenant = await newTenant();
  await advertiseGpus("Tesla-T4", "1");
});
afterAll(async () => {
  await advertiseGpus(null, null);
  // Classes are the cluster's, and one of these is what other tests use, as they know it.
  for (const name of classes) await tenant.kubectl(["delete", "sandboxclass", name]);
  await makeGvisorClass(tenant.installed);
  await tenant[Symbol.asyncDispose]();
});

interface Listed {
  kind: string;
  metadata: { name: string };
}

/** What a file has, as kubectl reads it. */
async function objectsIn(file: string): Promise<Listed[]> {
  const args = ["apply", "--dry-run=client", "-o", "json", "-f", file];
  const read = JSON.parse(await tenant.kubectl(args)) as Listed | { kind: "List"; items: Listed[] };
  return "items" in read ? read.items : [read];
}

/** Makes the nodes claim, as an administrator may, what no machine here has. */
async function advertiseGpus(product: string | null, count: string | null): Promise<void> {
  const nodes = (await tenant.kubectl(["get", "nodes", "-o", "name"])).trim().split("\n");
  for (const node of nodes) {
    const labels = JSON.stringify({ metadata: { labels: { "nvidia.com/gpu.product": product } } });
    const capacity = JSON.stringify({ status: { capacity: { "nvidia.com/gpu": count } } });
    await tenant.kubectl(["patch", node, "--type=merge", "--patch", labels]);
    await tenant.kubectl(["patch", node, "--type=merge", "--subresource=status", "--patch", capacity]);
  }
}

/** The sandbox once it is ready, or has ended. */
async function settled(name: string): Promise<Sandbox> {
  return await waitFor(`the sandbox ${name} to be ready or finished`, async () => {
    const sandbox = JSON.parse(await tenant.kubectl(["get", "sandbox", name, "-o", "json"])) as Sandbox;
    const ready = sandbox.status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
    return (ready || sandbox.status?.phase === "Finished") && sandbox;
  });
}

test.concurrent.each(samples)("%s runs as it is", async (sample) => {
  const file = `${folder}/${sample}`;
  const objects = await objectsIn(file);
  for (const { kind, metadata } of objects) if (kind === "SandboxClass") classes.add(metadata.name);
  await tenant.kubectl(["apply", "-f", file]);
  for (const { kind, metadata } of objects) {
    if (kind !== "Sandbox") continue;
    const { reason = "Completed", message } = (await settled(metadata.name)).status ?? {};
    expect({ reason, message }).toEqual({ reason: "Completed", message });
  }
});

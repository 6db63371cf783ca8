import { SANDBOX, sandboxSchema } from "../../src/api/sandbox.ts";
import type { SandboxList } from "../../src/api/sandbox-http.ts";
import { kubectl } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import type { Bench } from "./bench.ts";
import { each } from "./each.ts";

const sandboxes = 10_000;
const requests = 200;
const warmUp = 40;

const app = "listed";
const deployment = ["-n", "sandkeep-system", "deployment/sandkeep-operator"];

/**
 * Milliseconds that a user waits for a list of the 100 newest of 10,000 sandboxes over HTTP, on a connection that is open.
 * No operator looks at them, so that they stay objects.
 */
export async function measureList(bench: Bench): Promise<number[]> {
  const { kube, installed, namespace } = bench;
  const names = Array.from({ length: sandboxes }, (_, index) => `listed-${index}`);
  const replicas = await kubectl(installed, ["get", ...deployment, "-o", "jsonpath={.spec.replicas}"]);
  await kubectl(installed, ["scale", ...deployment, "--replicas=0"]);
  try {
    const spec = { app, image: "busybox:stable", tags: { bench: "list" } };
    await each(names, (name) => kube.create(SANDBOX, sandboxSchema.parse({ metadata: { name, namespace }, spec })));
    await waitFor("the gateway to have all", async () => (await count(bench)) === sandboxes);
    const samples: number[] = [];
    for (let request = 0; request < warmUp + requests; request++) {
      const start = performance.now();
      await page(bench, "limit=100");
      samples.push(performance.now() - start);
    }
    return samples.slice(warmUp);
  } finally {
    await each(names, (name) => kube.delete(SANDBOX, { namespace, name }));
    await kubectl(installed, ["scale", ...deployment, `--replicas=${replicas}`]);
  }
}

async function count(bench: Bench): Promise<number> {
  let found = 0;
  let cursor: string | undefined = "";
  while (cursor !== undefined) {
    const list = await page(bench, `limit=1000${cursor && `&cursor=${cursor}`}`);
    found += list.items.length;
    cursor = list.cursor;
  }
  return found;
}

async function page({ gateway }: Bench, query: string): Promise<SandboxList> {
  const answer = await gateway.send("GET", `/sandboxes?app=${app}&${query}`);
  if (answer.status !== 200) throw new Error(`Cannot list: the gateway answered ${answer.status}: ${answer.text}`);
  return answer.json as SandboxList;
}

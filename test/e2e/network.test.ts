import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { kubectl } from "../support/installed.ts";
import { startInternet } from "./internet.ts";
import { openedRows, probe, rows, targetsIn } from "./network-table.ts";
import { runtimes } from "./runtimes.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
let targets: ReturnType<typeof targetsIn>;
const cleanUp = new AsyncDisposableStack();

beforeAll(async () => {
  const installed = inject("installed");
  tenant = cleanUp.use(await newTenant());
  cleanUp.use(await startInternet(installed));
  await makeClass("opened", { network: { allowedPrivateCidrs: ["169.254.169.254/32"] } });
  await makeClass("enforced", { network: { waitForEnforcement: true } });
  const readinessProbe = { tcp: { port: 8080 } };
  const args = ["python3", "-m", "http.server", "8080"];
  const other = await tenant.gateway.create({ spec: { ...python, args, readinessProbe } }, "ready");
  targets = targetsIn({
    node: await said("get", "nodes", "--output=jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"),
    apiServer: await said("--namespace=default", "get", "service", "kubernetes", "--output=jsonpath={.spec.clusterIP}"),
    resolver: await said(
      "--namespace=kube-system",
      "get",
      "service",
      "kube-dns",
      "--output=jsonpath={.spec.clusterIP}",
    ),
    otherSandbox: await tenant.kubectl(["get", "pod", other.id, "--output=jsonpath={.status.podIP}"]),
  });
});
afterAll(() => cleanUp.disposeAsync());

const python = { ...small, image: "python:3.11-slim" };

function said(...args: string[]): Promise<string> {
  return kubectl(inject("installed"), args);
}

async function makeClass(name: string, spec: object): Promise<void> {
  const manifest = { apiVersion: "sandkeep.dev/v1alpha1", kind: "SandboxClass", metadata: { name }, spec };
  await kubectl(inject("installed"), ["apply", "--filename=-"], JSON.stringify(manifest));
  cleanUp.defer(async () => void (await kubectl(inject("installed"), ["delete", "sandboxclass", name])));
}

/** The targets that a sandbox reaches now. */
async function reachedFrom(id: string): Promise<string[]> {
  const command = ["python3", "-c", probe, JSON.stringify(targets)];
  const { stdout, stderr, code } = await tenant.gateway.exec(id, { command });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as string[];
}

async function setNetwork(id: string, network: object): Promise<void> {
  const spec = { network: { block: null, outbound: null, ...network } };
  expect(await tenant.gateway.send("PATCH", `/sandboxes/${id}`, { spec })).toMatchObject({ status: 200 });
}

/** The rows one after the other in one sandbox; once a rule holds it goes on to hold. */
async function holdsIn(id: string, table: typeof rows): Promise<void> {
  for (const { rule, network, reached } of table) {
    await setNetwork(id, network);
    const wanted = [...reached].toSorted();
    let last: string[] = [];
    await waitFor(
      `what is reached with ${rule}`,
      async () => {
        last = (await reachedFrom(id)).toSorted();
        return JSON.stringify(last) === JSON.stringify(wanted);
      },
      { seconds: 20 },
    ).catch(() => {});
    expect({ rule, reached: last }).toEqual({ rule, reached: wanted });
  }
}

describe.concurrent("a sandbox", () => {
  test.each(runtimes)("under %s reaches what its rule says and nothing else, as it changes", async (_, spec) => {
    const { id } = await tenant.gateway.create({ spec: { ...python, ...spec } }, "started");
    expect(rows[0]?.network).toEqual({});
    expect((await reachedFrom(id)).toSorted()).toEqual([...(rows[0]?.reached ?? [])].toSorted());
    await holdsIn(id, rows);
  });

  test("reaches what is closed to others where its class opens it, as far as it asks for it", async () => {
    const { id } = await tenant.gateway.create({ spec: { ...python, className: "opened" } }, "started");
    await holdsIn(id, openedRows);
  });

  test("whose class waits for enforcement starts, and nothing is open to what it runs first", async () => {
    const args = ["python3", "-c", probe, JSON.stringify({ "the API server": targets["the API server at its node"] })];
    const { id } = await tenant.gateway.create({ spec: { ...python, className: "enforced", args } }, "finished");
    expect(await tenant.kubectl(["logs", id])).toBe("[]\n");
  });
});

import { createHash } from "node:crypto";
import { expect, inject, test } from "vitest";
import { clusterCommand } from "../support/cluster.ts";
import type { GatewayClient } from "../support/gateway-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { killAll, rolledOut } from "./system.ts";
import { newTenant, small } from "./tenant.ts";

const installed = inject("installed");

// Some 500 KB a second that nobody can make up, and a copy to compare with.
const write = "until [ -e /tmp/stop ]; do head -c 25000 /dev/urandom; sleep 0.05; done | tee /tmp/copy; exit 9";

test("a process loses no byte to a client that vanishes, gateways that are killed and an API server that restarts", async () => {
  await using tenant = await newTenant();
  const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
  const process = `/sandboxes/${id}/processes/writer`;
  const endOf = async (gateway: GatewayClient) => {
    const { status, json } = await gateway.send("GET", process);
    return status === 200 ? (json as { stdout: { end: number } }).stdout.end : 0;
  };
  const grown = async (what: string, gateway: GatewayClient, from: number) =>
    await waitFor(`output after ${what}`, async () => {
      const end = await endOf(gateway);
      return end > from + 100_000 ? end : undefined;
    });

  await using vanishing = tenant.as(tenant.token);
  await vanishing.send("POST", `/sandboxes/${id}/processes`, { id: "writer", command: ["sh", "-c", write] });
  const reading = vanishing.send("GET", `${process}/stdout`).catch((error: unknown) => error);
  let end = await grown("its start", tenant.gateway, 0);
  await vanishing.reconnect();
  await reading;
  end = await grown("its client has vanished", tenant.gateway, end);

  const cut = tenant.gateway.send("GET", `${process}/stdout`).catch((error: unknown) => error);
  await killAll("gateway");
  await tenant.gateway.reconnect();
  await cut;
  await rolledOut("gateway");
  end = await grown("the gateways were killed", tenant.gateway, end);

  const broken = tenant.gateway.send("GET", `${process}/stdout`).catch((error: unknown) => error);
  await clusterCommand("restart", "apiserver", "--name", installed.cluster);
  await grown("the API server was restarted", tenant.gateway, end);
  await tenant.gateway.reconnect();
  await broken;

  await tenant.gateway.exec(id, { command: ["touch", "/tmp/stop"] });
  expect((await tenant.gateway.send("GET", `${process}/exit?wait=30`)).json).toMatchObject({ code: 9 });
  await using second = tenant.as(tenant.token);
  const { octets, headers } = await second.send("GET", `${process}/stdout?offset=0`);
  const { stdout } = await second.exec(id, { command: ["sha256sum", "/tmp/copy"] });
  expect(headers["sandkeep-offset"]).toBe("0");
  expect(createHash("sha256").update(octets).digest("hex")).toBe(stdout.split(" ")[0]);
});

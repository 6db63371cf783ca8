import { createHash } from "node:crypto";
import { expect, inject, test } from "vitest";
import { clusterCommand } from "../support/cluster.ts";
import type { GatewayClient } from "../support/gateway-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { PatientClient } from "../soak/patient-client.ts";
import { killAll, rolledOut } from "./system.ts";
import { newTenant, small } from "./tenant.ts";

const installed = inject("installed");

// Some 500 KB a second that nobody can make up, and a copy to compare with.
const write = "until [ -e /tmp/stop ]; do head -c 25000 /dev/urandom; sleep 0.05; done | tee /tmp/copy; exit 9";

function sha256(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}

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

  await using gateway = tenant.as(tenant.token);
  const second = new PatientClient(gateway, id);
  await second.ask({ method: "PUT", path: "/files?path=/tmp/stop", body: "" });
  const { json } = await second.ask({ method: "GET", path: "/processes/writer/exit?wait=8" });
  expect(json).toMatchObject({ code: 9 });
  const output = await second.readOutput("/processes/writer/stdout");
  const copy = await second.ask({ method: "GET", path: "/files?path=/tmp/copy" });
  expect(sha256(output)).toBe(sha256(copy.octets));
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

const command = ["sh", "-c", "echo out; echo err >&2; exit 3"];

function send(id: string, path = "") {
  return tenant.gateway.send("GET", `/sandboxes/${id}/processes/entrypoint${path}`);
}

describe("the entrypoint", () => {
  test("waits at its end for who made its sandbox to read both of its streams", async () => {
    const held = ["sh", "-c", "until [ -e /tmp/go ]; do sleep 0.05; done; echo out; echo err >&2; exit 3"];
    const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable", command: held } });
    const exit = send(id, "/exit?wait=300");
    await tenant.gateway.exec(id, { command: ["touch", "/tmp/go"] });
    expect(await exit).toMatchObject({ status: 200, json: { code: 3, signal: null, timedOut: false } });
    const stdout = await send(id, "/stdout");
    expect(stdout).toMatchObject({ status: 200, text: "out\n", headers: { "sandkeep-offset": "0" } });
    expect(stdout.headers).not.toHaveProperty("sandkeep-streams");
    expect(await send(id, "/stderr")).toMatchObject({ status: 200, text: "err\n" });
  });

  test("waits for nobody in a sandbox that kubectl made", async () => {
    const spec = { ...small, image: "busybox:stable", command };
    const manifest = { apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", metadata: { name: "applied" }, spec };
    await tenant.kubectl(["apply", "-f", "-"], JSON.stringify(manifest));
    const { id } = await tenant.gateway.create({ spec }, "finished");
    await tenant.gateway.get("applied", "?wait=finished");
    expect(await millisecondsRun("applied")).toBeLessThan(5_000);
    expect(await millisecondsRun(id)).toBeGreaterThanOrEqual(5_000);
  });

  test("is there after its sandbox has finished, with its output while there is the Pod", async () => {
    const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable", command } }, "finished");
    expect(await send(id)).toMatchObject({
      status: 200,
      json: { id: "entrypoint", command, state: "exited", exit: { code: 3, timedOut: false } },
    });
    expect(await send(id, "/exit?wait=300")).toMatchObject({ status: 200, json: { code: 3, timedOut: false } });

    const merged = { "sandkeep-streams": "merged", "sandkeep-offset": "0" };
    const stdout = await send(id, "/stdout?offset=2");
    expect(stdout).toMatchObject({ status: 200, headers: merged });
    expect(stdout.text.split("\n").toSorted()).toEqual(["", "err", "out"]);
    expect(await send(id, "/stderr")).toMatchObject({ status: 200, text: "", headers: merged });
    expect(
      await tenant.gateway.send("POST", `/sandboxes/${id}/processes/entrypoint/signal`, { signal: "SIGTERM" }),
    ).toMatchObject({ status: 412, json: { code: "failed_precondition" } });

    await tenant.kubectl(["delete", "pod", id]);
    const gone = { code: "failed_precondition", message: expect.stringMatching(/finished with Error.*stays for 60 s/) };
    for (const stream of ["/stdout", "/stderr"])
      expect(await send(id, stream)).toMatchObject({ status: 412, json: gone });
    expect(await send(id, "/exit")).toMatchObject({ status: 200, json: { code: 3 } });
    expect(await tenant.gateway.send("GET", `/sandboxes/${id}/processes/other`)).toMatchObject({ status: 412 });
  });

  test.each([
    ["terminated", 300, false],
    ["over its time", 3, true],
  ])(
    "tells its exit to who waits while its sandbox is %s, and to who comes later",
    async (_what, seconds, timedOut) => {
      const spec = { ...small, image: "busybox:stable", command: ["sleep", "1000"], timeoutSeconds: seconds };
      const { id } = await tenant.gateway.create({ spec }, "started");
      const waiting = send(id, "/exit?wait=300");
      if (!timedOut) await tenant.gateway.send("POST", `/sandboxes/${id}/terminate`);
      expect(await waiting).toMatchObject({ status: 200, json: { code: 137, timedOut } });
      await tenant.gateway.get(id, "?wait=finished");
      expect(await send(id, "/exit")).toMatchObject({ status: 200, json: { code: 137, timedOut } });
    },
  );

  test("is not there in a sandbox without a command, before and after its end", async () => {
    const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
    expect(await send(id)).toMatchObject({ status: 404, json: { code: "not_found", resource: "process" } });
    await tenant.gateway.send("POST", `/sandboxes/${id}/terminate?wait=true`);
    expect(await send(id)).toMatchObject({ status: 404, json: { code: "not_found", resource: "process" } });
  });
});

/** How long the container of a sandbox that has finished ran, to the second below. */
async function millisecondsRun(id: string): Promise<number> {
  const terminated = await waitFor(`the container of ${id} to have ended`, async () => {
    const jsonPath = "jsonpath={.status.containerStatuses[0].state.terminated}";
    const state = await tenant.kubectl(["get", "pod", id, "-o", jsonPath]);
    return state === "" ? undefined : (JSON.parse(state) as { startedAt: string; finishedAt: string });
  });
  return Date.parse(terminated.finishedAt) - Date.parse(terminated.startedAt);
}

import { afterAll, beforeAll, expect, test } from "vitest";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

const script = "echo one; echo two >&2; echo three; until [ -e /tmp/stop ]; do sleep 0.1; done; echo four";

test("logs are what the command writes, as it comes, in the part asked for, and after its end", async () => {
  const spec = { ...small, image: "busybox:stable", command: ["sh", "-c", script] };
  const { id } = await tenant.gateway.create({ spec });
  const logs = (query = "") => tenant.gateway.send("GET", `/sandboxes/${id}/logs${query}`);

  const following = await tenant.gateway.follow(`/sandboxes/${id}/logs?follow=true`);
  const seen: string[] = [];
  for await (const line of following) {
    seen.push(line);
    if (seen.length === 3) await tenant.gateway.exec(id, { command: ["touch", "/tmp/stop"] });
  }
  expect(seen.slice(0, 3).toSorted()).toEqual(["one", "three", "two"]);
  expect(seen.slice(3)).toEqual(["four"]);

  await tenant.gateway.get(id, "?wait=finished");
  expect(await logs("?tailLines=1")).toMatchObject({ status: 200, text: "four\n" });
  expect((await logs("?tailLines=0")).text).toBe("");
  expect((await logs("?sinceSeconds=3600&timestamps=true")).text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z one$/m);
  expect(await logs("?tailLines=-1")).toMatchObject({ status: 400, json: { code: "invalid_argument" } });

  await tenant.kubectl(["delete", "pod", id]);
  const gone = { code: "failed_precondition", resource: "sandbox", message: expect.stringMatching(/Completed.*60 s/) };
  expect(await logs()).toMatchObject({ status: 412, json: gone });
  expect(await tenant.gateway.send("GET", "/sandboxes/nonesuch/logs")).toMatchObject({ status: 404 });
});

test("logs of a sandbox that never started are refused by how it ended", async () => {
  const { id } = await tenant.gateway.create({ spec: { ...small, image: "localhost:1/none" } }, "finished");
  const refused = { code: "failed_precondition", message: expect.stringContaining("ImageUnavailable") };
  expect(await tenant.gateway.send("GET", `/sandboxes/${id}/logs`)).toMatchObject({ status: 412, json: refused });
});

test("who may view sandboxes may read their logs, and not what processes write", async () => {
  await using viewer = await newTenant("view");
  const spec = { ...small, image: "busybox:stable", command: ["sh", "-c", "echo seen; sleep 100"] };
  const { id } = await tenant.gateway.create({ spec }, "started");
  await tenant.grant(viewer, "--clusterrole=view", { verb: "get", resource: "sandboxes", subresource: "logs" });
  await using gateway = tenant.as(viewer.token);
  const lines = await gateway.follow(`/sandboxes/${id}/logs?follow=true`);
  expect((await lines.next()).value).toBe("seen");
  await lines.return();
  expect(await gateway.send("GET", `/sandboxes/${id}/processes/entrypoint/stdout`)).toMatchObject({ status: 403 });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lines } from "../../src/kube/lines.ts";
import { outcomeOf } from "../support/gateway-client.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

describe("a command in a sandbox", () => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await tenant.gateway.create({ spec: { ...small, image: "python:3.11-slim" } }));
  });

  test("waits for the sandbox that was created a moment before", async () => {
    expect(await tenant.gateway.exec(id, { command: ["python3", "-c", "print(6 * 7)"] })).toEqual({
      stdout: "42\n",
      stderr: "",
      code: 0,
    });
  });

  const rows: [what: string, command: string[], expected: object][] = [
    ["keeps its streams apart", ["sh", "-c", "echo out; echo err >&2"], { stdout: "out\n", stderr: "err\n", code: 0 }],
    ["gives its exit code", ["sh", "-c", "exit 7"], { code: 7 }],
    ["gives 128 and the number of the signal that ended it", ["sh", "-c", "kill -TERM $$"], { code: 143 }],
    ["takes arguments as they are, without a shell", ["echo", "$HOME", "a  b", "*"], { stdout: "$HOME a  b *\n" }],
  ];
  test.each(rows)("%s", async (_what, command, expected) => {
    expect(await tenant.gateway.exec(id, { command })).toMatchObject(expected);
  });

  test("reads the input and the environment it is given", async () => {
    const stdin = Buffer.from("from outside").toString("base64");
    const command = ["sh", "-c", 'cat; printf " %s" "$NAME"'];
    expect(await tenant.gateway.exec(id, { command, stdin, env: { NAME: "set" } })).toMatchObject({
      stdout: "from outside set",
      code: 0,
    });
  });

  test("tells what it writes at once while it goes on", async () => {
    const command = ["sh", "-c", "echo first; until [ -e /tmp/go ]; do sleep 0.05; done; echo last"];
    const { body } = await tenant.gateway.open("POST", `/sandboxes/${id}/exec`, { command });
    let text = "";
    for await (const line of lines(body)) {
      text += `${line}\n`;
      if (outcomeOf(text).stdout === "first\n") await tenant.gateway.exec(id, { command: ["touch", "/tmp/go"] });
    }
    expect(outcomeOf(text)).toEqual({ stdout: "first\nlast\n", stderr: "", code: 0 });
  });

  test("is found by its id, is not started twice, and keeps its output after its end", async () => {
    const request = { id: "once", command: ["sh", "-c", "echo run >> /tmp/runs; cat /tmp/runs"] };
    expect((await tenant.gateway.send("POST", `/sandboxes/${id}/processes`, request)).status).toBe(201);
    expect((await tenant.gateway.send("POST", `/sandboxes/${id}/processes`, request)).status).toBe(200);
    expect((await tenant.gateway.send("GET", `/sandboxes/${id}/processes/once/exit?wait=300`)).json).toMatchObject({
      code: 0,
    });
    const { text, headers } = await tenant.gateway.send("GET", `/sandboxes/${id}/processes/once/stdout?offset=1`);
    expect(text).toBe("un\n");
    expect(headers["sandkeep-offset"]).toBe("1");
  });

  test("that does not exist in the image is not_found, and says so", async () => {
    const { status, json } = await tenant.gateway.send("POST", `/sandboxes/${id}/exec`, { command: ["nonesuch"] });
    expect(status).toBe(404);
    expect(json).toMatchObject({
      code: "not_found",
      resource: "process",
      message: expect.stringContaining("nonesuch"),
    });
  });
});

test("a sandbox ends when it is terminated, and then refuses commands by saying how it ended", async () => {
  const { id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started");
  const ended = await tenant.gateway.send("POST", `/sandboxes/${id}/terminate?wait=true`);
  expect(ended.json).toMatchObject({ status: { phase: "Finished", reason: "Terminated", exitCode: 137 } });
  const { status, json } = await tenant.gateway.send("POST", `/sandboxes/${id}/exec`, { command: ["true"] });
  expect(status).toBe(412);
  expect(json).toMatchObject({ code: "failed_precondition", message: expect.stringContaining("Terminated") });
});

test("a sandbox that outlives its timeout ends with Timeout and 124", async () => {
  const spec = { ...small, image: "busybox:stable", timeoutSeconds: 1 };
  const { status } = await tenant.gateway.create({ spec }, "finished");
  expect(status).toMatchObject({ phase: "Finished", reason: "Timeout", exitCode: 124 });
});

test("a viewer may look but not execute", async () => {
  await using viewer = await newTenant("view");
  expect((await viewer.gateway.send("GET", "/sandboxes")).status).toBe(200);
  const { status, json } = await viewer.gateway.send("POST", "/sandboxes", { spec: {} });
  expect(status).toBe(403);
  expect(json).toMatchObject({
    code: "permission_denied",
    message: expect.stringContaining("cannot create sandboxes"),
  });
});

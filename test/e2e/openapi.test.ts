import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routes, type Route, type RouteName } from "../../src/api/routes.ts";
import type { Answer } from "../support/gateway-client.ts";
import { exampleRequest } from "../support/route-example.ts";
import { opened } from "../support/web-socket.ts";
import { newTenant, type Tenant } from "./tenant.ts";

interface Description {
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, Reply> }>>;
  components: object;
}

interface Reply {
  content?: Record<string, { schema?: { "x-line"?: object } }>;
  headers?: Record<string, { schema: { const?: string } }>;
}

/** Each operation, in an order in which all the examples succeed. */
const order: RouteName[] = [
  "createSandbox",
  "getSandbox",
  "listSandboxes",
  "watchSandboxes",
  "patchSandbox",
  "getSecret",
  "resolveImage",
  "putVolume",
  "getVolume",
  "listVolumes",
  "deleteVolume",
  "getNamedSandbox",
  "putApp",
  "getApp",
  "listApps",
  "deleteApp",
  "reloadVolumes",
  "readUsage",
  "readLogs",
  "exec",
  "startProcess",
  "listProcesses",
  "getProcess",
  "writeStdin",
  "resizeTerminal",
  "attachProcess",
  "signalProcess",
  "waitForExit",
  "readStdout",
  "readStderr",
  "connectPort",
  "makeDirectory",
  "writeFile",
  "patchFile",
  "readFile",
  "statFile",
  "listFiles",
  "watchFiles",
  "readArchive",
  "renameFile",
  "writeArchive",
  "removeFile",
  "listTunnels",
  "readDecisions",
  "createConnectToken",
  "revokeConnectToken",
  "revokeConnectTokens",
  "terminateSandbox",
  "deleteSandbox",
];

let tenant: Tenant;
let description: Description;
beforeAll(async () => {
  tenant = await newTenant();
  await tenant.kubectl(["create", "secret", "generic", "database", "--from-literal=PASSWORD=hunter2"]);
  description = (await tenant.gateway.sendTo("GET", "/openapi.json")).json as Description;
});
afterAll(() => tenant[Symbol.asyncDispose]());

test("every operation of the description is tried", () => {
  const operations = Object.values(description.paths).flatMap((path) => Object.values(path));
  expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(order.toSorted());
});

describe("the gateway answers as its description says:", () => {
  let archive: Buffer | undefined;

  test.each(order)("%s", async (name) => {
    const route: Route = routes[name];
    const { method, path, body } = exampleRequest(route, { namespace: tenant.namespace, id: "work" });
    const described = description.paths[`/v1${route.path}`]?.[method.toLowerCase()]?.responses[route.reply.status];
    if (described === undefined) throw new Error(`No status ${route.reply.status} of ${name} is described`);
    if (route.reply.webSocket !== undefined) {
      if (name === "connectPort") await serve("8080");
      await expectWebSocket(path, described);
      return;
    }
    const answer = await tenant.gateway.sendTo(method, path, name === "writeArchive" ? archive : body);
    if (name === "readArchive") archive = answer.octets;
    expect(answer).toMatchObject({ status: route.reply.status });
    expectDescribed(described, answer);
  });
});

/** Has something in the sandbox listen at a port. */
async function serve(port: string): Promise<void> {
  const script = `import socket; s = socket.create_server(("127.0.0.1", ${port})); print("ready", flush=True); s.accept(); input()`;
  const body = { id: "server", command: ["python3", "-c", script] };
  await tenant.gateway.send("POST", "/sandboxes/work/processes", body);
  for await (const line of await tenant.gateway.follow("/sandboxes/work/processes/server/stdout")) {
    expect(line).toBe("ready");
    return;
  }
}

async function expectWebSocket(path: string, { headers }: Reply): Promise<void> {
  const { const: protocol = "" } = headers?.["Sec-WebSocket-Protocol"]?.schema ?? {};
  const socket = opened(await tenant.gateway.openWebSocketTo(path, [protocol]));
  expect(socket.protocol).toBe(protocol);
  socket.terminate();
}

function expectDescribed({ content }: Reply, { headers, json, text, octets }: Answer): void {
  if (content === undefined) {
    expect(octets).toHaveLength(0);
    return;
  }
  const type = String(headers["content-type"]).split(";", 1)[0] ?? "";
  expect(Object.keys(content)).toContain(type);
  const { schema } = content[type] ?? {};
  if (schema === undefined) return;
  const { "x-line": ofLine } = schema;
  if (ofLine === undefined) expectValid(schema, json);
  else for (const line of text.split("\n").filter((one) => one !== "")) expectValid(ofLine, JSON.parse(line));
}

function expectValid(schema: object, value: unknown): void {
  const validate = new Ajv2020({ strict: false, allErrors: true, formats: fullFormats }).compile({
    ...schema,
    components: description.components,
  });
  validate(value);
  expect(validate.errors).toBeNull();
}

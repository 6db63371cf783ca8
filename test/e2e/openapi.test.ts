import { Ajv2020 } from "ajv/dist/2020.js";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routes, type Route, type RouteName } from "../../src/api/routes.ts";
import type { Answer } from "../support/gateway-client.ts";
import { exampleRequest } from "../support/route-example.ts";
import { newTenant, type Tenant } from "./tenant.ts";

interface Description {
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, Reply> }>>;
  components: object;
}

interface Reply {
  content?: Record<string, { schema?: { "x-line"?: object } }>;
}

/** Each operation, in an order in which all the examples succeed. */
const order: RouteName[] = [
  "createSandbox",
  "getSandbox",
  "listSandboxes",
  "readUsage",
  "readLogs",
  "exec",
  "startProcess",
  "listProcesses",
  "getProcess",
  "writeStdin",
  "resizeTerminal",
  "signalProcess",
  "waitForExit",
  "readStdout",
  "readStderr",
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
  "terminateSandbox",
  "deleteSandbox",
];

let tenant: Tenant;
let description: Description;
beforeAll(async () => {
  tenant = await newTenant();
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
    const answer = await tenant.gateway.sendTo(method, path, name === "writeArchive" ? archive : body);
    if (name === "readArchive") archive = answer.octets;

    expect(answer).toMatchObject({ status: route.reply.status });
    const described = description.paths[`/v1${route.path}`]?.[method.toLowerCase()]?.responses[answer.status];
    if (described === undefined) throw new Error(`No status ${answer.status} of ${name} is described`);
    expectDescribed(described, answer);
  });
});

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

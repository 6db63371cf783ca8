import type { z } from "zod";
import { errorBodySchema } from "./error-body.ts";
import { errorCodes, type ErrorCode } from "./errors.ts";
import { openApiSchema, type JsonSchema } from "./openapi-schema.ts";
import { subjects, type Access, type Body, type Route, type WebSocketUse } from "./route.ts";

type Components = Record<string, JsonSchema>;

/** The OpenAPI 3.1 description of the HTTP API, made from its route table. */
export function openApiFor(routes: Readonly<Record<string, Route>>): object {
  const schemas: Components = {};
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, route] of Object.entries(routes)) {
    const path = `/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route, schemas) };
  }
  const responses = { Error: errorResponse(schemas) };
  return {
    openapi: "3.1.1",
    info: {
      title: "Sandkeep",
      version: "v1",
      description: "Secure sandboxes for untrusted and agent-written code, on Kubernetes.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token that the cluster's API server accepts, for its own audience or for `sandkeep`.",
        },
      },
      responses,
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(name: string, route: Route, schemas: Components): object {
  const { summary, access, params, query, body, example, reply } = route;
  return {
    operationId: name,
    summary,
    description: rightOf(access),
    tags: [access.subresource ?? access.resource],
    parameters: [
      ...parameters("path", params, { ...pathExample, ...example.params }, schemas),
      ...parameters("query", query, example.query ?? {}, schemas),
    ],
    ...(body !== undefined && { requestBody: { required: true, content: content(body, example.body, schemas) } }),
    responses: {
      [reply.status]: replyOf(route, schemas),
      default: { $ref: "#/components/responses/Error" },
    },
  };
}

function rightOf({ verb, resource, subresource }: Access): string {
  const { group } = subjects[resource];
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where = group === "" ? "the core API group" : `API group \`${group}\``;
  return `Needs the verb \`${verb}\` on \`${what}\` in ${where}.`;
}

function replyOf({ reply, example }: Route, schemas: Components): object {
  if (reply.webSocket !== undefined) return upgraded(reply.webSocket);
  return {
    description: reply.body === undefined ? "Done." : "What was asked for.",
    ...(reply.headers !== undefined && { headers: headers(reply.headers) }),
    ...(reply.body !== undefined && { content: content(reply.body, example.reply, schemas) }),
  };
}

function upgraded({ protocol, messages }: WebSocketUse): object {
  return {
    description: `The connection is a WebSocket from here on, if the client offered its subprotocol. ${messages}`,
    headers: {
      "Sec-WebSocket-Protocol": { description: "The subprotocol.", schema: { type: "string", const: protocol } },
    },
  };
}

const pathExample = { namespace: "default", id: "work" };

function parameters(
  place: "path" | "query",
  object: z.ZodObject,
  examples: Readonly<Record<string, string>>,
  schemas: Components,
): object[] {
  const { properties = {}, required = [] } = openApiSchema(object, schemas);
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = Object(schema) as JsonSchema;
    return {
      name,
      in: place,
      required: place === "path" || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
      ...(name in examples && { example: examples[name] }),
    };
  });
}

function headers(described: Readonly<Record<string, string>>): object {
  const entries = Object.entries(described).map(([name, description]) => [
    name,
    { description, schema: { type: "string" } },
  ]);
  return Object.fromEntries(entries);
}

function content(body: Body, example: unknown, schemas: Components): object {
  const shown = example !== undefined && { example };
  if (body.type === "octets") return { [body.contentType]: { ...shown } };
  const schema = openApiSchema(body.schema, schemas);
  if (body.type === "json") return { "application/json": { schema, ...shown } };
  const lines = Array.isArray(example) && { example: example.map((line) => `${JSON.stringify(line)}\n`).join("") };
  return {
    "application/x-ndjson": {
      schema: { type: "string", description: "One JSON value per line, as in x-line.", "x-line": schema },
      ...lines,
    },
  };
}

function errorResponse(schemas: Components): object {
  const codes = (Object.keys(errorCodes) as ErrorCode[]).map((code) => `${errorCodes[code].status} \`${code}\``);
  return {
    description: `An error: ${codes.join(", ")}.`,
    content: {
      "application/json": {
        schema: openApiSchema(errorBodySchema, schemas),
        example: {
          code: "not_found",
          message: 'Cannot find sandbox "work" in namespace "default"',
          resource: "sandbox",
        },
      },
    },
  };
}

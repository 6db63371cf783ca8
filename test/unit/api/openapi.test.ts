import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { openApiFor } from "../../../src/api/openapi.ts";
import type { Body, Route } from "../../../src/api/route.ts";
import { routes } from "../../../src/api/routes.ts";

const table: [string, Route][] = Object.entries(routes);

describe("the OpenAPI description", () => {
  test("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(openApiFor(routes) as Record<string, unknown>);
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe("3.1");
  });

  test("leaves no reference open and no keyword of Kubernetes", () => {
    const text = JSON.stringify(openApiFor(routes));
    const { components } = JSON.parse(text) as { components: { schemas: object } };
    const referred = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining(referred));
    expect(text).not.toMatch(/x-kubernetes|\$defs/);
  });

  test("says what a field means where it is a parameter, in a body and in a reply", () => {
    const text = JSON.stringify(openApiFor(routes));
    expect(text).toContain("Kubernetes namespace.");
    expect(text).toContain("The program and its arguments. No shell.");
    expect(text).toContain("Its process id inside the sandbox.");
    expect(text).toContain('"Sandkeep-Streams":{"description":');
  });

  test.each(table)("has an example of %s that its schemas take", (_, route) => {
    const { params, query, body, reply, example } = route;
    expect(params.parse({ ...pathExample(route), ...example.params })).toBeDefined();
    expect(query.parse(example.query ?? {})).toBeDefined();
    expectTaken(body, example.body);
    expectTaken(reply.body, example.reply);
  });
});

function pathExample({ params }: Route): object {
  return { namespace: "default", ...("id" in params.shape && { id: "work" }) };
}

function expectTaken(body: Body | undefined, example: unknown): void {
  if (body === undefined) expect(example).toBeUndefined();
  else if (body.type === "json") expectParsed(body.schema, example);
  else if (body.type === "lines") for (const line of example as unknown[]) expectParsed(body.schema, line);
}

function expectParsed(schema: z.ZodType, value: unknown): void {
  expect(schema.safeParse(value).error?.issues).toBeUndefined();
}

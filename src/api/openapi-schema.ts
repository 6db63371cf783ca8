import { z } from "zod";
import { appViewSchema } from "./app-http.ts";
import { errorBodySchema } from "./error-body.ts";
import { execFrameSchema, processExitSchema, processSchema } from "./process.ts";
import { volumeViewSchema } from "./volume-http.ts";
import { createSandboxSchema, sandboxViewSchema, watchFrameSchema } from "./sandbox-http.ts";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Schemas that the description names instead of repeating them. */
const named = z.registry<{ id: string }>();
named.add(createSandboxSchema, { id: "CreateSandbox" });
named.add(sandboxViewSchema, { id: "Sandbox" });
named.add(appViewSchema, { id: "App" });
named.add(watchFrameSchema, { id: "WatchFrame" });
named.add(volumeViewSchema, { id: "Volume" });
named.add(processSchema, { id: "Process" });
named.add(processExitSchema, { id: "ProcessExit" });
named.add(execFrameSchema, { id: "ExecFrame" });
named.add(errorBodySchema, { id: "Error" });

/** A zod schema as OpenAPI 3.1 writes it. Named schemas within it are put into `components` and referred to. */
export function openApiSchema(schema: z.ZodType, components: Record<string, JsonSchema>): JsonSchema {
  const { $schema: _, $defs, ...root } = z.toJSONSchema(schema, { metadata: named, io: "input", override: tidy });
  for (const [id, definition] of Object.entries($defs ?? {})) components[id] = withReferences(definition);
  return withReferences(root);
}

function tidy({ zodSchema, jsonSchema: node }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  // Descriptions and bounds are in zod's own registry, not in that of the names.
  Object.assign(node, z.globalRegistry.get(zodSchema));
  for (const key of Object.keys(node)) if (key.startsWith("x-kubernetes-")) delete node[key];
  // The format says it, in fewer letters.
  if (node.format === "date-time") delete node.pattern;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
}

function withReferences(schema: JsonSchema): JsonSchema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    key === "$ref" ? String(value).replace("#/$defs/", "#/components/schemas/") : value,
  );
  return JSON.parse(text) as JsonSchema;
}

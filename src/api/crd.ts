import { z } from "zod";
import type { CustomKind } from "./kind.ts";
import { unseenStatus } from "./schema/observed-generation.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The CustomResourceDefinition of a kind, as a plain object: a structural schema with its CEL rules. */
export function crdFor(kind: CustomKind): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: ["sandkeep"],
      },
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: kind.printerColumns,
          ...(kind.selectableFields.length === 0
            ? {}
            : { selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })) }),
          schema: { openAPIV3Schema: structuralSchema(kind) },
        },
      ],
    },
  };
}

/** The status of an object that the operator has not seen yet, as the API server fills it in. */
export function initialStatusOf(kind: CustomKind): object {
  return { ...unseenStatus, ...kind.initialStatus };
}

function structuralSchema(kind: CustomKind): object {
  const schema = z.toJSONSchema(kind.schema, {
    target: "openapi-3.0",
    io: "input",
    unrepresentable: "throw",
    override: ({ jsonSchema }) => makeStructural(jsonSchema),
  });
  const { properties = {}, required, "x-kubernetes-validations": validations } = schema;
  const { status, ...others } = properties;
  return {
    description: kind.description,
    type: "object",
    properties: {
      apiVersion: { type: "string", description: "Version of the schema of this object." },
      kind: { type: "string", description: "Kind of this object." },
      metadata: { type: "object" },
      ...omit(others, ["apiVersion", "kind", "metadata"]),
      ...(status !== undefined && { status: { ...(status as object), default: initialStatusOf(kind) } }),
    },
    required: required?.filter((name) => name !== "metadata"),
    "x-kubernetes-validations": validations,
  };
}

/** Turns what zod writes for one node into what a structural schema may say, in place. */
function makeStructural(node: JsonSchema): void {
  if (node["x-kubernetes-int-or-string"] === true) {
    delete node.type;
    node.anyOf = [{ type: "integer" }, { type: "string" }];
  }
  if (node.type === "object" && isClosedOrOpen(node.additionalProperties)) {
    // Members beyond `properties` are the API server's business: it prunes or rejects them.
    delete node.additionalProperties;
  }
  if (node["x-kubernetes-preserve-unknown-fields"] === true) {
    delete node.properties;
  }
  if (node.format === "date-time") {
    delete node.pattern;
  }
  if (node.type === "integer") {
    describeInteger(node);
  }
}

/** Whether `additionalProperties` only says if there may be others, as zod writes it beside `properties`. */
function isClosedOrOpen(additional: JsonSchema["additionalProperties"]): boolean {
  return additional === false || (typeof additional === "object" && Object.keys(additional).length === 0);
}

/** Gives an integer its Kubernetes format instead of JavaScript's bounds. */
function describeInteger(node: JsonSchema): void {
  if (node.minimum === Number.MIN_SAFE_INTEGER) {
    delete node.minimum;
  }
  if (node.maximum === Number.MAX_SAFE_INTEGER) {
    delete node.maximum;
  }
  node.format = node.maximum !== undefined && node.maximum <= 2_147_483_647 ? "int32" : "int64";
}

function omit(properties: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));
}

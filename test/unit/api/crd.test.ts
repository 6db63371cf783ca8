import { describe, expect, test } from "vitest";
import { crdFor } from "../../../src/api/crd.ts";
import { customKinds } from "../../../src/api/kinds.ts";
import { manifests } from "../../support/manifests/index.ts";

interface Node {
  description?: string;
  properties?: Record<string, Node>;
  additionalProperties?: Node;
  items?: Node;
  "x-kubernetes-validations"?: { rule: string; message: string }[];
}

const everyNode = customKinds.flatMap((kind) => [...nodes(rootOf(crdFor(kind)), kind.kind)]);

describe("CRDs", () => {
  test("describe every field", () => {
    const bare = everyNode.filter(([path, { description }]) => description === undefined && !isPart(path));
    expect(bare.map(([path]) => path)).toEqual([]);
  });

  test("have rules of which each is broken by a manifest of the table", () => {
    const broken = new Set(manifests.flatMap(({ rejected }) => rejected.map(({ message }) => message)));
    const untested = everyNode.flatMap(([path, node]) =>
      (node["x-kubernetes-validations"] ?? [])
        .filter(({ rule, message }) => !rule.includes("oldSelf") && !broken.has(message))
        .map(({ message }) => `${path}: ${message}`),
    );
    expect(untested).toEqual([]);
  });

  test("say in words what each rule wants", () => {
    const mute = everyNode.flatMap(([path, node]) =>
      (node["x-kubernetes-validations"] ?? []).filter(({ message }) => !message).map(() => path),
    );
    expect(mute).toEqual([]);
  });
});

function rootOf(crd: object): Node {
  return (
    (crd as { spec: { versions: { schema: { openAPIV3Schema: Node } }[] } }).spec.versions[0]?.schema.openAPIV3Schema ??
    {}
  );
}

function* nodes(node: Node, path: string): Generator<[string, Node]> {
  yield [path, node];
  for (const [name, member] of Object.entries(node.properties ?? {})) {
    yield* nodes(member, `${path}.${name}`);
  }
  if (node.items) {
    yield* nodes(node.items, `${path}[]`);
  }
  if (node.additionalProperties) {
    yield* nodes(node.additionalProperties, `${path}{}`);
  }
}

/** An item or entry, which its list or map describes, or metadata, which Kubernetes does. */
function isPart(path: string): boolean {
  return /(\[\]|\{\}|\.metadata)$/.test(path);
}

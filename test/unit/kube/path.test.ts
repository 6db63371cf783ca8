import { describe, expect, test } from "vitest";
import { LEASE, NODE, POD } from "../../../src/kube/objects.ts";
import { pathOf } from "../../../src/kube/path.ts";

describe("pathOf", () => {
  test.each([
    { kind: POD, options: {}, path: "/api/v1/pods" },
    { kind: POD, options: { namespace: "a", name: "b" }, path: "/api/v1/namespaces/a/pods/b" },
    {
      kind: POD,
      options: { namespace: "a", name: "b", subresource: "exec" },
      path: "/api/v1/namespaces/a/pods/b/exec",
    },
    { kind: NODE, options: { namespace: "a", name: "n" }, path: "/api/v1/nodes/n" },
    { kind: LEASE, options: { namespace: "a" }, path: "/apis/coordination.k8s.io/v1/namespaces/a/leases" },
    { kind: NODE, options: { name: "ö ?" }, path: "/api/v1/nodes/%C3%B6%20%3F" },
    {
      kind: POD,
      options: { query: { limit: 500, watch: true, continue: undefined, labelSelector: "a=b,c in (d)", dryRun: "" } },
      path: "/api/v1/pods?limit=500&watch=true&labelSelector=a%3Db%2Cc+in+%28d%29",
    },
  ])("makes $path", ({ kind, options, path }) => {
    expect(pathOf(kind, options)).toBe(path);
  });

  test.each(["", ".", "..", "a/b", "a%2fb", "a\0b"])("refuses the name %j", (name) => {
    expect(() => pathOf(POD, { namespace: "ns", name })).toThrow("that is not a name");
    expect(() => pathOf(POD, { namespace: name, name: "a" })).toThrow("that is not a name");
  });
});

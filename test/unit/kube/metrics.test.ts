import { expect, test } from "vitest";
import { resourceOf } from "../../../src/kube/metrics.ts";

test.each([
  { path: "/api/v1/pods?limit=500", resource: "pods" },
  { path: "/api/v1/namespaces", resource: "namespaces" },
  { path: "/api/v1/namespaces/a", resource: "namespaces" },
  { path: "/api/v1/namespaces/a/pods", resource: "pods" },
  { path: "/api/v1/namespaces/a/pods/b", resource: "pods" },
  { path: "/api/v1/namespaces/a/pods/b/exec?command=x", resource: "pods/exec" },
  { path: "/apis/sandkeep.dev/v1alpha1/namespaces/a/sandboxes/b/status", resource: "sandboxes/status" },
  { path: "/apis/sandkeep.dev/v1alpha1/sandboxclasses/b", resource: "sandboxclasses" },
  { path: "/version", resource: "" },
])("counts $path as $resource", ({ path, resource }) => {
  expect(resourceOf(path)).toBe(resource);
});

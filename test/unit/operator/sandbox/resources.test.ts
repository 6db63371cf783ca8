import { describe, expect, test } from "vitest";
import { resourcesFor } from "../../../../src/operator/sandbox/resources.ts";
import { aClass, aSandbox } from "../builders.ts";

const rows = [
  {
    name: "small requests where nobody says",
    spec: {},
    classSpec: {},
    want: { requests: { cpu: "100m", memory: "128Mi" } },
  },
  {
    name: "a request of the sandbox's own replaces the default",
    spec: { requests: { cpu: "2" } },
    classSpec: {},
    want: { requests: { cpu: "2", memory: "128Mi" } },
  },
  {
    name: "a limit of the sandbox's own is what Kubernetes requests",
    spec: { limits: { memory: "1Gi" } },
    classSpec: {},
    want: { requests: { cpu: "100m" }, limits: { memory: "1Gi" } },
  },
  {
    name: "a default limit gives way to a larger request",
    spec: { requests: { memory: "2Gi" } },
    classSpec: { defaults: { resources: { limits: { memory: "1Gi" } } } },
    want: { requests: { cpu: "100m", memory: "2Gi" }, limits: { memory: "2Gi" } },
  },
  {
    name: "a default request does not exceed a default limit",
    spec: {},
    classSpec: { defaults: { resources: { limits: { memory: "64Mi" } } } },
    want: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "64Mi" } },
  },
  {
    name: "what has a maximum has a limit",
    spec: {},
    classSpec: { maxima: { resources: { memory: "4Gi" }, ephemeralStorage: "10Gi" } },
    want: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "4Gi", "ephemeral-storage": "10Gi" } },
  },
  {
    name: "a maximum of a device asks for none",
    spec: {},
    classSpec: { maxima: { resources: { "nvidia.com/gpu": 4 } } },
    want: { requests: { cpu: "100m", memory: "128Mi" } },
  },
];

describe("resourcesFor", () => {
  test.each(rows)("$name", ({ spec, classSpec, want }) => {
    expect(resourcesFor(aSandbox({ resources: spec }).spec, aClass(classSpec).spec)).toEqual(want);
  });
});

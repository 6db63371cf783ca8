import { describe, expect, test } from "vitest";
import { type Json, strategicMerge } from "../../../src/kube/strategic-merge.ts";

const pod = {
  metadata: { labels: { a: "1", b: "2" }, finalizers: ["kept"] },
  spec: {
    containers: [
      { name: "sandbox", image: "busybox", env: [{ name: "A", value: "1" }], command: ["sh", "-c"] },
      { name: "helper", image: "helper:1" },
    ],
    tolerations: [{ key: "a" }, { key: "b" }],
  },
};

interface Row {
  name: string;
  patch: Json;
  want: object;
}

const rows: Row[] = [
  {
    name: "maps are merged and null removes",
    patch: { metadata: { labels: { a: null, c: "3" } } },
    want: { metadata: { ...pod.metadata, labels: { b: "2", c: "3" } } },
  },
  {
    name: "items of keyed lists are merged in place, and new ones come last",
    patch: {
      spec: {
        containers: [
          { name: "extra", image: "x" },
          { name: "sandbox", env: [{ name: "B", value: "2" }] },
        ],
      },
    },
    want: {
      spec: {
        ...pod.spec,
        containers: [
          {
            name: "sandbox",
            image: "busybox",
            env: [
              { name: "A", value: "1" },
              { name: "B", value: "2" },
            ],
            command: ["sh", "-c"],
          },
          { name: "helper", image: "helper:1" },
          { name: "extra", image: "x" },
        ],
      },
    },
  },
  {
    name: "$patch: delete removes an item",
    patch: {
      spec: {
        containers: [
          { name: "helper", $patch: "delete" },
          { name: "nobody", $patch: "delete" },
        ],
      },
    },
    want: { spec: { ...pod.spec, containers: pod.spec.containers.slice(0, 1) } },
  },
  {
    name: "$patch: replace replaces an item's members",
    patch: {
      spec: {
        containers: [
          { name: "helper", image: "helper:2", $patch: "replace" },
          { name: "sandbox", $patch: "replace" },
        ],
      },
    },
    want: { spec: { ...pod.spec, containers: [{ name: "sandbox" }, { name: "helper", image: "helper:2" }] } },
  },
  {
    name: "$patch: replace alone replaces a list",
    patch: { spec: { containers: [{ $patch: "replace" }, { name: "only" }] } },
    want: { spec: { ...pod.spec, containers: [{ name: "only" }] } },
  },
  {
    name: "$patch: delete empties a map",
    patch: { metadata: { labels: { $patch: "delete" } } },
    want: { metadata: { ...pod.metadata, labels: {} } },
  },
  {
    name: "lists without a key are replaced, those of finalizers added to",
    patch: { metadata: { finalizers: ["kept", "more"] }, spec: { tolerations: [{ key: "c" }] } },
    want: {
      metadata: { ...pod.metadata, finalizers: ["kept", "more"] },
      spec: { ...pod.spec, tolerations: [{ key: "c" }] },
    },
  },
  {
    name: "what was not there is made, without the nulls",
    patch: {
      spec: { dnsConfig: { nameservers: ["1.1.1.1"], searches: null }, volumes: [{ name: "v", emptyDir: {} }] },
    },
    want: { spec: { ...pod.spec, dnsConfig: { nameservers: ["1.1.1.1"] }, volumes: [{ name: "v", emptyDir: {} }] } },
  },
];

describe("strategicMerge", () => {
  test.each(rows)("$name", ({ patch, want }) => {
    expect(strategicMerge(pod, patch)).toEqual({ ...pod, ...want });
  });

  test("nothing is changed in place", () => {
    const copy = structuredClone(pod);
    strategicMerge(pod, { spec: { containers: [{ name: "sandbox", env: [{ name: "A", value: "2" }] }] } });
    expect(pod).toEqual(copy);
  });

  test.each<[string, Json, RegExp]>([
    ["another directive", { spec: { $retainKeys: ["a"] } }, /\$retainKeys is not supported/],
    ["an unknown kind of patch", { spec: { $patch: "move" } }, /\$patch is "move"/],
    ["an item without its key", { spec: { containers: [{ image: "x" }] } }, /item of containers has no name/],
    ["an item that is none", { spec: { volumes: ["x"] } }, /item of volumes is no object/],
  ])("%s is refused", (_, patch, message) => {
    expect(() => strategicMerge(pod, patch)).toThrow(message);
  });
});

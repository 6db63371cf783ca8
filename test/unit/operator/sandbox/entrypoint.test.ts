import { describe, expect, test } from "vitest";
import {
  commandOf,
  describeFailure,
  type FoundImage,
  type ImageLookup,
  needsEntrypoint,
  pinned,
  wantedImage,
} from "../../../../src/operator/sandbox/entrypoint.ts";
import { aClass, aSandbox, facts } from "../builders.ts";

const found: FoundImage = { kind: "found", digest: "sha256:00", entrypoint: ["/tini", "$(HOME)", "$$", "$x"] };

describe("what runs, as in a container", () => {
  const rows = [
    { spec: {}, needs: false, runs: [] },
    { spec: { command: ["a"] }, needs: false, runs: ["a"] },
    { spec: { command: ["a"], args: ["b"] }, needs: false, runs: ["a", "b"] },
    { spec: { command: [], args: [] }, needs: false, runs: [] },
    { spec: { args: ["b", "$(USER)"] }, needs: true, runs: ["/tini", "$$(HOME)", "$$$", "$x", "b", "$(USER)"] },
    { spec: { command: [], args: ["b"] }, needs: true, runs: ["/tini", "$$(HOME)", "$$$", "$x", "b"] },
  ];
  test.each(rows)("of $spec: $runs", ({ spec, needs, runs }) => {
    const sandbox = aSandbox(spec);
    expect(needsEntrypoint(sandbox.spec)).toBe(needs);
    expect(commandOf(sandbox.spec, needs ? found : undefined)).toEqual(runs);
  });
});

test.each([
  ["busybox", "busybox@sha256:00"],
  ["busybox:1.36", "busybox@sha256:00"],
  ["localhost:5000/a/b", "localhost:5000/a/b@sha256:00"],
  ["localhost:5000/a/b:c", "localhost:5000/a/b@sha256:00"],
  ["a.example.com/b:c@sha256:11", "a.example.com/b@sha256:00"],
])("%s runs as %s", (reference, digest) => {
  expect(pinned(reference, found)).toBe(digest);
});

test("an image is looked up with the pull secrets of sandbox and class, for the nodes that it may run on", () => {
  const sandbox = aSandbox({
    args: ["x"],
    imagePullSecrets: [{ name: "a" }, { name: "b" }],
    placement: { nodeSelector: { "kubernetes.io/arch": "arm64" } },
  });
  const sandboxClass = aClass({ imagePullSecrets: [{ name: "b" }, { name: "c" }] }).spec;
  const wanted = { uid: sandbox.metadata.uid, namespace: "n", reference: "i", pullSecrets: ["a", "b", "c"] };
  expect(wantedImage(sandbox, sandboxClass, "i", facts)).toEqual({ ...wanted, architectures: ["arm64"] });
  const nodes = ["amd64", "arm64", "arm64"].map((arch) => ({
    labels: { "kubernetes.io/arch": arch },
    allocatable: {},
  }));
  const byNodes = wantedImage(aSandbox(), aClass().spec, "i", { ...facts, nodes });
  expect(byNodes).toMatchObject({ architectures: ["arm64", "amd64"] });
  expect(wantedImage(aSandbox(), aClass().spec, "i", facts)).toMatchObject({ architectures: ["amd64", "arm64"] });
  const reserved = aClass({ nodeSelector: { "kubernetes.io/arch": "s390x" } }).spec;
  expect(wantedImage(sandbox, reserved, "i", facts)).toMatchObject({ architectures: ["s390x"] });
});

describe("a failed lookup says what to do", () => {
  const unseen = { missing: [], forbidden: [] };
  const rows: [Exclude<ImageLookup, FoundImage>, RegExp][] = [
    [{ kind: "absent", final: true }, /^Image r\.example\/i:1 does not exist: check name and tag/],
    [{ kind: "refused", final: false, unseen }, /check name, tag and imagePullSecrets\.$/],
    [{ kind: "refused", final: false, unseen: { ...unseen, missing: ["a"] } }, /There is no Secret "a"\.$/],
    [
      { kind: "refused", final: true, unseen: { ...unseen, forbidden: ["a", "b"] } },
      /may not read Secret "a", "b" \(operator\.pullSecrets.*spec\.command/,
    ],
    [{ kind: "not-allowed", final: true }, /may not ask.*registries in the chart.*spec\.command/],
    [{ kind: "unsuitable", final: true }, /none of the nodes/],
    [{ kind: "silent", final: false }, /does not answer.*spec\.command/],
  ];
  test.each(rows)("%j", (lookup, says) => {
    expect(describeFailure("r.example/i:1", lookup)).toMatch(says);
  });
});

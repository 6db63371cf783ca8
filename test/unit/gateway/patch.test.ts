import { describe, expect, it } from "vitest";
import { patchSandboxSchema, type PatchSandbox } from "../../../src/api/sandbox-http.ts";
import { SANDBOX, type SandboxStatus } from "../../../src/api/sandbox.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import { patchFor, patchSandbox } from "../../../src/gateway/sandboxes/patch.ts";
import { WritableStore } from "../../../src/runtime/store.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

type Patch = PatchSandbox["spec"];

const now = new Date("2026-01-01T00:01:00Z");
const finished: SandboxStatus = { phase: "Finished", reason: "Completed", finishedAt: "2026-01-01T00:00:50Z" };
const stored = aSandbox({ resourceVersion: "7", spec: { tags: { a: "1", b: "2" } } });
const over = aSandbox({ resourceVersion: "7", status: finished });

/** Replaces the tags of a stored sandbox. */
function changing(kube: MemoryKube): Promise<unknown> {
  kube.put(SANDBOX, stored);
  const source = { store: new WritableStore<typeof stored, "namespace">(), subscribe() {}, learn() {} };
  const directory = new SandboxDirectory(source, kube);
  const name = { namespace: "ns", name: "a" };
  return patchSandbox(kube, directory, name, { spec: { tags: { c: "3" } } }, new AbortController().signal);
}

describe("a patch", () => {
  it.each<[what: string, spec: Patch, patch: object]>([
    ["one member", { timeoutSeconds: 600 }, { metadata: { uid: "uid-1" }, spec: { timeoutSeconds: 600 } }],
    [
      "a limit that goes",
      { idleTimeoutSeconds: null, network: { outbound: { cidrs: null } } },
      { metadata: { uid: "uid-1" }, spec: { idleTimeoutSeconds: null, network: { outbound: { cidrs: null } } } },
    ],
    [
      "tags, of which others go, for the version that was read",
      { tags: { b: "3", c: "4" } },
      { metadata: { uid: "uid-1", resourceVersion: "7" }, spec: { tags: { a: null, b: "3", c: "4" } } },
    ],
    [
      "no tags",
      { tags: null, desiredState: "Terminated" },
      {
        metadata: { uid: "uid-1", resourceVersion: "7" },
        spec: { tags: { a: null, b: null }, desiredState: "Terminated" },
      },
    ],
  ])("has %s", (_, spec, patch) => {
    expect(patchFor(stored, spec, now)).toEqual(patch);
  });

  it.each<Patch>([{ tags: { a: "1" } }, { ttlSecondsAfterFinished: 60 }, { desiredState: "Terminated" }])(
    "of a finished sandbox may be %j",
    (spec) => {
      expect(patchFor(over, spec, now)).toMatchObject({ spec });
    },
  );

  it.each<Patch>([{ timeoutSeconds: 600 }, { idleTimeoutSeconds: null }, { network: null }])(
    "of a finished sandbox may not be %j",
    (spec) => {
      const [member] = Object.keys(spec);
      const message = `Cannot change ${member} of sandbox "ns/a": it finished with Completed 10 s ago`;
      expect(() => patchFor(over, spec, now)).toThrow(
        expect.objectContaining({ code: "failed_precondition", message }),
      );
    },
  );

  it("lets no sandbox run again that is being terminated", () => {
    const ending = aSandbox({ spec: { desiredState: "Terminated" } });
    expect(() => patchFor(ending, { desiredState: "Running" }, now)).toThrow("it is being terminated");
  });
});

describe("a change", () => {
  it("is tried again on what somebody else has made of the sandbox", async () => {
    const kube = new MemoryKube();
    let others = 2;
    kube.onCall = (call) => {
      if (call.startsWith("patch") && others-- > 0)
        kube.put(SANDBOX, { ...stored, spec: { ...stored.spec, tags: { other: String(others) } } });
    };
    await changing(kube);
    expect(kube.calls.filter((call) => call.startsWith("patch"))).toHaveLength(3);
    expect(kube.peek(SANDBOX, { namespace: "ns", name: "a" })?.spec).toEqual({ tags: { other: null, c: "3" } });
  });

  it("is given up where others never stop", async () => {
    const kube = new MemoryKube();
    kube.onCall = (call) => {
      if (call.startsWith("patch")) kube.put(SANDBOX, stored);
    };
    await expect(changing(kube)).rejects.toMatchObject({ code: "conflict", resource: "sandbox" });
  });
});

it.each<[what: string, body: unknown]>([
  ["nothing", {}],
  ["nothing to change", { spec: {} }],
  ["what never changes", { spec: { image: "busybox" } }],
  ["a member beside the spec", { spec: { timeoutSeconds: 1 }, labels: {} }],
  ["a limit below 1", { spec: { timeoutSeconds: 0 } }],
  ["no limit", { spec: { timeoutSeconds: null } }],
  ["no default", { spec: { timeoutSeconds: undefined } }],
  ["an unknown state", { spec: { desiredState: "Paused" } }],
  ["a tag that is a number", { spec: { tags: { a: 1 } } }],
  ["a tag that is null", { spec: { tags: { a: null } } }],
  ["a network with an unknown member", { spec: { network: { outbounds: {} } } }],
  ["a network with a broken range", { spec: { network: { outbound: { cidrs: ["10.0.0.0/33"] } } } }],
])("a body with %s is refused", (_, body) => {
  expect(patchSandboxSchema.safeParse(body).success).toBe(false);
});

it("fills in no defaults: what is missing stays", () => {
  expect(patchSandboxSchema.parse({ spec: { tags: {} } })).toEqual({ spec: { tags: {} } });
});

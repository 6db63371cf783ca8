import { beforeEach, describe, expect, test } from "vitest";
import { SANDBOX, type Sandbox, type SandboxStatus } from "../../../src/api/sandbox.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import { terminate } from "../../../src/gateway/sandboxes/terminate.ts";
import { WritableStore } from "../../../src/runtime/store.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

const name = { namespace: "ns", name: "a" };
const started: SandboxStatus = { phase: "Started" };
const finished: SandboxStatus = { phase: "Finished", reason: "Completed" };

let kube: MemoryKube;
let store: WritableStore<Sandbox, "namespace">;
beforeEach(() => {
  kube = new MemoryKube();
  store = new WritableStore<Sandbox, "namespace">({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
});

const ending = (): Promise<Sandbox> => {
  const learn = (sandbox: Sandbox): void => void store.set(sandbox);
  const directory = new SandboxDirectory({ store, subscribe: () => {}, learn }, kube);
  return terminate(kube, directory, name, new AbortController().signal);
};

describe("terminate", () => {
  test("takes one request when the store is right", async () => {
    store.set(kube.put(SANDBOX, aSandbox({ status: started })));
    expect((await ending()).spec.desiredState).toBe("Terminated");
    expect(kube.calls).toEqual(["patch sandboxes ns/a"]);
  });

  test("reads the sandbox when the store is behind", async () => {
    store.set(kube.put(SANDBOX, aSandbox({ status: started })));
    kube.put(SANDBOX, aSandbox({ status: started, labels: { changed: "since" } }));
    const { spec, metadata } = await ending();
    expect([spec.desiredState, metadata.labels]).toEqual(["Terminated", { changed: "since" }]);
  });

  test("leaves one alone that has finished since", async () => {
    store.set(kube.put(SANDBOX, aSandbox({ status: started })));
    kube.put(SANDBOX, aSandbox({ status: finished }));
    expect(await ending()).toMatchObject({ spec: { desiredState: "Running" }, status: finished });
    expect(kube.peek(SANDBOX, name)?.spec.desiredState).toBe("Running");
  });

  test("says that there is none, whatever the store has", async () => {
    store.set(aSandbox({ status: started, resourceVersion: "1" }));
    await expect(ending()).rejects.toMatchObject({ code: "not_found" });
  });
});

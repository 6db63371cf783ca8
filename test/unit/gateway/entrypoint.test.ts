import type { ServerResponse } from "node:http";
import { beforeEach, describe, expect, it } from "vitest";
import { SandkeepError } from "../../../src/api/errors.ts";
import { SANDBOX, type Sandbox } from "../../../src/api/sandbox.ts";
import { LinkError } from "../../../src/agent-link/link-error.ts";
import { orLeftIn, type OrLeft } from "../../../src/gateway/processes/entrypoint.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import type { ChangeHandler } from "../../../src/runtime/reflector.ts";
import { WritableStore } from "../../../src/runtime/store.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

const running = aSandbox({ status: { phase: "Started" } });
const finished = aSandbox({ status: { phase: "Finished", reason: "Completed", exitCode: 0 } });
const broken = new LinkError("the link broke");

let kube: MemoryKube;
let orLeft: OrLeft;
let show: (sandbox: Sandbox) => void;

beforeEach(() => {
  kube = new MemoryKube();
  const store = new WritableStore<Sandbox, "namespace">({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  const handlers: ChangeHandler<Sandbox>[] = [];
  show = (sandbox) => {
    const stored = kube.put(SANDBOX, sandbox);
    for (const change of store.set(stored)) for (const handler of handlers) handler(change);
  };
  const subscribe = (handler: ChangeHandler<Sandbox>) => void handlers.push(handler);
  orLeft = orLeftIn(new SandboxDirectory({ store, subscribe, learn: (sandbox) => store.learn(sandbox) }, kube));
});

interface Options {
  process?: string;
  headersSent?: boolean;
  signal?: AbortSignal;
}

function ask(live: Promise<void>, { process = "entrypoint", headersSent = false, signal }: Options = {}) {
  const call = {
    params: { namespace: "ns", id: "a", process },
    query: { startTimeoutSeconds: 300 },
    response: { headersSent } as ServerResponse,
    signal: signal ?? new AbortController().signal,
  } as Parameters<OrLeft>[0];
  return orLeft(call, live, ({ status }) => `left of ${status?.reason}`);
}

describe("an answer about the entrypoint", () => {
  it("is the agent's where there is one", async () => {
    expect(await ask(Promise.resolve())).toBeUndefined();
    expect(kube.calls).toEqual([]);
  });

  it("is what is left when the sandbox has finished", async () => {
    show(finished);
    const over = new SandkeepError("failed_precondition", "sandbox", "it has finished");
    expect(await ask(Promise.reject(over))).toBe("left of Completed");
  });

  it("waits for the record when the link broke because the sandbox is ending", async () => {
    show(running);
    const answer = ask(Promise.reject(broken));
    show(finished);
    expect(await answer).toBe("left of Completed");
  });

  it("ends its wait when the client goes", async () => {
    show(running);
    const going = new AbortController();
    const answer = ask(Promise.reject(broken), { signal: going.signal });
    going.abort(new Error("gone"));
    await expect(answer).rejects.toThrow("gone");
  });

  it("does not take an earlier sandbox's end for its own", async () => {
    show(finished);
    kube.put(SANDBOX, running);
    await expect(ask(Promise.reject(broken))).rejects.toBe(broken);
  });

  it.each<[what: string, error: unknown, options: Options]>([
    ["about another process", broken, { process: "p1" }],
    ["when the reply has begun", broken, { headersSent: true }],
    ["that has nothing to do with the sandbox's end", new SandkeepError("not_found", "process", "none"), {}],
    ["of another kind", new TypeError("bug"), {}],
  ])("is the failure as it was %s", async (_, error, options) => {
    show(finished);
    const failing = (async () => {
      throw error;
    })();
    await expect(ask(failing, options)).rejects.toBe(error);
  });
});

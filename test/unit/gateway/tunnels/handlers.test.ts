import { beforeEach, expect, it } from "vitest";
import { SANDBOX, type Sandbox } from "../../../../src/api/sandbox.ts";
import { SandboxDirectory } from "../../../../src/gateway/sandboxes/directory.ts";
import type { Call } from "../../../../src/gateway/server/bind.ts";
import { tunnelHandlers } from "../../../../src/gateway/tunnels/handlers.ts";
import { MemoryKube } from "../../../support/memory-kube.ts";
import { aSandbox } from "../a-sandbox.ts";
import { stubSource, type StubSource } from "../stub-source.ts";

const tunnels = [{ containerPort: 80, host: "t-1.example", port: 443, url: "https://t-1.example" }];
const spec = { tunnels: [{ port: 80 }] };

let kube: MemoryKube;
let source: StubSource<Sandbox, "namespace">;
let version: number;

beforeEach(() => {
  kube = new MemoryKube();
  source = stubSource({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  version = 0;
});

function show(sandbox: Sandbox): void {
  source.show({ ...sandbox, metadata: { ...sandbox.metadata, resourceVersion: String(++version) } });
}

let directory: SandboxDirectory;
beforeEach(() => {
  directory = new SandboxDirectory(source, kube);
});

function list(timeoutSeconds = 60): Promise<unknown> {
  const { signal } = new AbortController();
  const params = { namespace: "ns", id: "a" };
  return tunnelHandlers(directory).listTunnels({ params, query: { timeoutSeconds }, signal } as Call<"listTunnels">);
}

it("answers once the status tells where tunnels are reached", async () => {
  show(aSandbox({ spec }));
  const answer = list();
  show(aSandbox({ spec, status: { phase: "Started" } }));
  show(aSandbox({ spec, status: { phase: "Started", tunnels } }));
  expect(await answer).toEqual({ tunnels });
});

it("has none of a sandbox that publishes nothing", async () => {
  show(aSandbox());
  expect(await list()).toEqual({ tunnels: [] });
});

it("says why they do not open in time", async () => {
  const stalled = { type: "Stalled", status: "True", reason: "NoTunnelPort", message: "All in use." } as const;
  const conditions = [{ ...stalled, lastTransitionTime: "2026-01-01T00:00:00Z" }];
  show(aSandbox({ spec }));
  show(aSandbox({ spec, status: { conditions } }));
  await expect(list(0.01)).rejects.toMatchObject({
    code: "deadline_exceeded",
    message: 'The tunnels of sandbox "a" did not open within 0.01 s: All in use.',
  });
});

it("refuses those of a sandbox that has ended, or ends meanwhile", async () => {
  const ended = aSandbox({ spec, status: { phase: "Finished", reason: "Completed", exitCode: 0 } });
  show(aSandbox({ spec }));
  const answer = list();
  show(ended);
  await expect(answer).rejects.toMatchObject({ code: "failed_precondition" });
  await kube.create(SANDBOX, ended);
  await expect(list()).rejects.toMatchObject({ code: "failed_precondition" });
});

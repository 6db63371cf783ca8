import { afterAll, beforeAll, expect, it } from "vitest";
import type { SandboxList, WatchFrame } from "../../../src/api/sandbox-http.ts";
import { SANDBOX, type Sandbox, type SandboxSpecInput, type SandboxStatus } from "../../../src/api/sandbox.ts";
import { waitFor } from "../../support/wait-for.ts";
import { applyCrds } from "../operator/crds.ts";
import { startGateway, type GatewayProcess } from "./gateway-process.ts";
import { Accounts, everything, useApiServer, type TestApiServer } from "./tenant.ts";

let server: TestApiServer;
let gateway: GatewayProcess;
let other: GatewayProcess;
let token: string;
let weak: string;

beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
  await applyCrds(server.kube);
  const accounts = new Accounts(server);
  token = await accounts.create("user", everything);
  weak = await accounts.create("weak", [{ apiGroups: ["sandkeep.dev"], resources: ["sandboxes"], verbs: ["list"] }]);
  const { kubeconfig } = server.cluster;
  [gateway, other] = await Promise.all([startGateway(kubeconfig), startGateway(kubeconfig)]);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function store(name: string, spec: SandboxSpecInput): Promise<void> {
  await server.kube.create(SANDBOX, { metadata: { name, namespace: server.namespace }, spec } as Sandbox);
}

async function setStatus(name: string, status: SandboxStatus): Promise<void> {
  await server.kube.mergePatch(SANDBOX, { namespace: server.namespace, name }, { status }, { subresource: "status" });
}

/** A watch: what it has said so far, as `added work`, and its end. */
interface Watch {
  frames: WatchFrame[];
  said: () => string[];
  cursor: () => string;
  ended: Promise<void>;
  end: () => void;
}

async function watch(query: string, at = gateway): Promise<Watch> {
  const ending = new AbortController();
  const path = `/v1/namespaces/${server.namespace}/sandboxes/watch?${query}`;
  const lines = await at.follow(path, token, ending.signal);
  const frames: WatchFrame[] = [];
  const ended = (async () => {
    for await (const line of lines) frames.push(JSON.parse(line) as WatchFrame);
  })().catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return {
    frames,
    ended,
    said: () =>
      frames
        .filter(({ type }) => type !== "bookmark")
        .map((frame) => ("sandbox" in frame ? `${frame.type} ${frame.sandbox.id}` : frame.type)),
    cursor: () => frames.flatMap((frame) => ("cursor" in frame ? [frame.cursor] : [])).at(-1) ?? "",
    end: () => ending.abort(),
  };
}

it("says what there is, then what happens, to who may watch", async () => {
  await store("first", { app: "w", tags: { kind: "x" } });
  await waitFor("the gateway to know it", async () => {
    const { json } = await gateway.send("GET", `/v1/namespaces/${server.namespace}/sandboxes?app=w`, { token });
    return (json as SandboxList).items.length === 1;
  });
  const all = await watch("app=w&all=true");
  const running = await watch("app=w");
  const tagged = await watch("app=w&tag=kind%3Dx");
  await expect.poll(() => all.frames.at(-1)?.type).toBe("bookmark");

  await store("second", { app: "w" });
  await store("stranger", { app: "v" });
  await setStatus("first", {
    phase: "Finished",
    finishedAt: "2026-01-02T03:04:15.000006Z",
    reason: "Completed",
    exitCode: 0,
  });
  await server.kube.delete(SANDBOX, { namespace: server.namespace, name: "second" });

  await expect.poll(all.said).toEqual(["added first", "added second", "modified first", "deleted second"]);
  await expect.poll(running.said).toEqual(["added first", "added second", "deleted first", "deleted second"]);
  await expect.poll(tagged.said).toEqual(["added first", "deleted first"]);
  expect(running.frames.find(({ type }) => type === "deleted")).toMatchObject({
    sandbox: { id: "first", status: { phase: "Finished", exitCode: 0 } },
  });
  for (const one of [all, running, tagged]) {
    one.end();
    await one.ended;
  }
  const path = `/v1/namespaces/${server.namespace}/sandboxes/watch`;
  expect(await gateway.send("GET", path, { token: weak })).toMatchObject({ status: 403 });
});

it("goes on after its cursor, at another gateway too", async () => {
  const before = await watch("app=r");
  await store("r1", { app: "r" });
  await expect.poll(before.said).toEqual(["added r1"]);
  before.end();
  await before.ended;
  await store("r2", { app: "r" });
  await server.kube.delete(SANDBOX, { namespace: server.namespace, name: "r1" });
  for (const at of [gateway, other]) {
    const after = await watch(`app=r&cursor=${before.cursor()}`, at);
    await expect.poll(after.said).toEqual(["added r2", "deleted r1"]);
    after.end();
    await after.ended;
  }
});

it("starts anew, and says so, where a cursor is too old", async () => {
  await store("kept", { app: "old" });
  const late = await watch("app=old&cursor=1");
  await expect.poll(late.said).toEqual(["reset", "added kept"]);
  late.end();
  await late.ended;
});

it("ends when its time is over, and when its gateway does", async () => {
  await (
    await watch("timeoutSeconds=0.1")
  ).ended;
  await using leaving = await startGateway(server.cluster.kubeconfig);
  const cut = await watch("", leaving);
  await expect.poll(() => cut.frames.length).toBeGreaterThan(0);
  leaving.signal("SIGTERM");
  await cut.ended;
  expect(await leaving.ended).toBe(0);
});

it.each([
  ["a cursor that is none", "cursor=yesterday"],
  ["a tag without a value", "tag=kind"],
  ["more time than there is", "timeoutSeconds=86400"],
  ["a page", "limit=5"],
])("is refused with %s", async (_, query) => {
  const path = `/v1/namespaces/${server.namespace}/sandboxes/watch?${query}`;
  expect(await gateway.send("GET", path, { token })).toMatchObject({ status: 400, json: { code: "invalid_argument" } });
});

it("has the one path that no sandbox made over HTTP may have as its id", async () => {
  const answer = await gateway.send("POST", `/v1/namespaces/${server.namespace}/sandboxes`, {
    token,
    body: { name: "watch" },
  });
  expect(answer).toMatchObject({ status: 400, json: { code: "invalid_argument" } });
});

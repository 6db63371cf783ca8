import type { IncomingMessage } from "node:http";
import { pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import type { ConnectTokenView } from "../../../../src/api/connect-token.ts";
import { routes } from "../../../../src/api/routes.ts";
import { SANDBOX, type Sandbox } from "../../../../src/api/sandbox.ts";
import { auditTo } from "../../../../src/gateway/audit.ts";
import { connectTokenHandlers } from "../../../../src/gateway/connect-tokens/handlers.ts";
import { annotationOf, isRevoked, MAX_REVOKED } from "../../../../src/gateway/connect-tokens/revocations.ts";
import { checkToken, newTokenId, type ConnectGrant } from "../../../../src/gateway/connect-tokens/token.ts";
import { SandboxDirectory } from "../../../../src/gateway/sandboxes/directory.ts";
import type { Call } from "../../../../src/gateway/server/bind.ts";
import { logOptions } from "../../../../src/log.ts";
import { MemoryKube } from "../../../support/memory-kube.ts";
import { aSandbox } from "../a-sandbox.ts";
import { keyOf, signingKey } from "../connect/tokens.ts";
import { stubSource } from "../stub-source.ts";

type Route = "createConnectToken" | "revokeConnectToken" | "revokeConnectTokens";

const started = aSandbox({ status: { phase: "Started" } });
const there = { namespace: "ns", name: "a" };
let kube: MemoryKube;
let lines: string[];
let handlers: ReturnType<typeof connectTokenHandlers>;
let url: string | undefined;

beforeEach(() => {
  kube = new MemoryKube();
  lines = [];
  url = "https://c-1.tunnels.example";
  const log = pino(logOptions, { write: (line: string) => void lines.push(line) });
  const source = stubSource<Sandbox, "namespace">({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  const keys = { signing: () => Promise.resolve(signingKey) };
  handlers = connectTokenHandlers(new SandboxDirectory(source, kube), kube, {
    keys,
    urlOf: () => url,
    audit: auditTo(log, "hash"),
  });
  kube.put(SANDBOX, started);
});

function call<N extends Route>(route: N, params: object = {}, body: object = {}): Call<N> {
  return {
    route,
    params: { namespace: "ns", id: "a", ...params },
    query: { startTimeoutSeconds: 0 },
    body: routes.createConnectToken.body.schema.parse(body),
    user: { username: "bob" },
    signal: new AbortController().signal,
    request: { socket: {} } as IncomingMessage,
    facts: {},
  } as Call<N>;
}

const create = async (body: object = {}): Promise<ConnectTokenView> =>
  (await handlers.createConnectToken(call("createConnectToken", {}, body))) as ConnectTokenView;
const revoke = (token: string) => handlers.revokeConnectToken(call("revokeConnectToken", { token }));

async function grantOf({ token }: ConnectTokenView): Promise<ConnectGrant> {
  const checked = await checkToken(token, keyOf, new Date());
  if (!checked.ok) throw new Error(checked.why);
  return checked.grant;
}

/** Whether the token holds, as the API server has it. */
async function holds(view: ConnectTokenView): Promise<boolean> {
  const sandbox = kube.peek<Sandbox>(SANDBOX, there);
  return sandbox !== undefined && !isRevoked(sandbox, await grantOf(view));
}

describe("connect tokens", () => {
  it("are for port 8080 and a day, unless asked otherwise", async () => {
    const view = await create();
    const grant = await grantOf(view);
    expect(view).toEqual({
      id: grant.id,
      url: "https://c-1.tunnels.example",
      token: view.token,
      expiresAt: new Date(grant.expiresAt * 1000).toISOString(),
    });
    expect(grant).toEqual({ id: view.id, sandbox: "uid-1", port: 8080, round: "", expiresAt: grant.expiresAt });
    expect(grant.expiresAt - Date.now() / 1000).toBeCloseTo(86_400, -1);
    const asked = await grantOf(await create({ port: 3000, expiresInSeconds: 60, userMetadata: '{"user":"alice"}' }));
    expect(asked).toMatchObject({ port: 3000, userMetadata: '{"user":"alice"}' });
    expect(asked.expiresAt - Date.now() / 1000).toBeCloseTo(60, -1);
  });

  it("are revoked one by one, and all at once", async () => {
    const [first, second, third] = [await create(), await create(), await create()];
    await revoke(first.id);
    await revoke(second.id);
    expect([await holds(first), await holds(second), await holds(third)]).toEqual([false, false, true]);
    await handlers.revokeConnectTokens(call("revokeConnectTokens"));
    expect(await holds(third)).toBe(false);
    expect(await holds(await create())).toBe(true);
  });

  it("stay revoked when the sandbox changes meanwhile", async () => {
    const [first, second] = [await create(), await create()];
    await Promise.all([revoke(first.id), revoke(second.id)]);
    expect([await holds(first), await holds(second)]).toEqual([false, false]);
  });

  it("leave a line in the audit log, without the token", async () => {
    const { id, token } = await create({ userMetadata: "alice" });
    await revoke(id);
    const told = lines.map((line) => JSON.parse(line) as object);
    expect(told).toMatchObject([
      {
        audit: "connect-token",
        operation: "createConnectToken",
        user: "bob",
        sandbox: "a",
        tokenId: id,
        port: 8080,
        result: "ok",
      },
      { audit: "connect-token", operation: "revokeConnectToken", user: "bob", sandbox: "a", tokenId: id, result: "ok" },
    ]);
    expect(lines.join()).not.toContain(token);
  });
});

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const full = { round: "", ids: Array.from({ length: MAX_REVOKED }, () => newTokenId(inAnHour())) };
const refusals: [string, Sandbox, () => Promise<unknown>, object][] = [
  [
    "of a sandbox that has finished",
    aSandbox({ status: { phase: "Finished", reason: "Completed", exitCode: 0 } }),
    create,
    { code: "failed_precondition" },
  ],
  [
    "of one without a network",
    aSandbox({ ...started, spec: { network: { block: true } } }),
    create,
    { code: "failed_precondition", message: expect.stringContaining("spec.network.block") },
  ],
  [
    "that are too long for a cookie",
    started,
    () => create({ userMetadata: '"'.repeat(2048) }),
    { code: "invalid_argument", message: expect.stringContaining("userMetadata") },
  ],
  [
    "of a sandbox whose note is broken",
    aSandbox({ ...started, annotations: { "sandkeep.dev/revoked-connect-tokens": "x" } }),
    create,
    { code: "failed_precondition" },
  ],
  [
    "when many are revoked already",
    aSandbox({ ...started, annotations: annotationOf(full) }),
    () => revoke(newTokenId(inAnHour())),
    { code: "failed_precondition", message: expect.stringContaining("DELETE") },
  ],
  [
    "that were never made: none holds for so long",
    started,
    () => revoke(newTokenId(inAnHour() + 86_400)),
    { code: "invalid_argument" },
  ],
];

describe("connect tokens are refused", () => {
  it.each(refusals)("%s", async (_, sandbox, act, want) => {
    kube.put(SANDBOX, sandbox);
    await expect(act()).rejects.toMatchObject(want);
  });

  it("where the gateway does not listen for them", async () => {
    url = undefined;
    await expect(create()).rejects.toMatchObject({
      code: "not_supported",
      message: expect.stringContaining("tunnels"),
    });
  });

  it.each([
    { port: 0 },
    { port: 65_536 },
    { port: 1.5 },
    { expiresInSeconds: 0 },
    { expiresInSeconds: 86_401 },
    { userMetadata: "a\r\nb" },
    { userMetadata: "ü" },
    { userMetadata: " a" },
    { userMetadata: "a".repeat(2049) },
    { user: "a" },
  ])("that ask for %j", (body) => expect(routes.createConnectToken.body.schema.safeParse(body).success).toBe(false));
});

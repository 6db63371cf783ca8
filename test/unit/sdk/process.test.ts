import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { App, type Sandbox } from "../../../src/sdk/index.ts";
import { idle, placeOf, scripted } from "./script.ts";

const view = { id: "s", namespace: "test", createdAt: "2026-01-01T00:00:00Z", spec: { app: "a" }, status: {} };

type Script = Parameters<typeof scripted>[0];

async function sandboxOf(script: Script) {
  const gateway = scripted(async (request, times) =>
    placeOf(request) === "GET /sandboxes/s" ? { body: view } : await script(request, times),
  );
  return { ...gateway, sandbox: await gateway.client.sandboxes.fromId("s") };
}

function frames(...list: object[]): string {
  return list.map((frame) => `${JSON.stringify(frame)}\n`).join("");
}

function frame(stream: string, offset: number, octets: Uint8Array) {
  return { stream, offset, data: Buffer.from(octets).toString("base64") };
}

const exit = { exit: { code: 0, timedOut: false } };
const isExec: Script = async ({ path }) => ({ body: path.endsWith("/exec") ? frames({ process: "p" }, exit) : {} });

describe("a signal that is aborted", () => {
  test("while a process is started kills it", async () => {
    const { sandbox, asked } = await sandboxOf(({ path }) => ({ body: path.endsWith("/exec") ? idle() : {} }));
    const controller = new AbortController();
    const started = sandbox.exec(["sleep", "60"], { processId: "p", signal: controller.signal });
    await vi.waitFor(() => expect(asked()).toContain("POST /sandboxes/s/exec"));
    controller.abort();
    await expect(started).rejects.toThrow("aborted");
    await vi.waitFor(() => expect(asked()).toContain("POST /sandboxes/s/processes/p/signal"));
  });

  test("kills the process also when the gateway cannot be reached for a while", async () => {
    const { sandbox, asked } = await sandboxOf(({ path }, times) => {
      if (path.endsWith("/exec")) return { body: idle(frames({ process: "p" })) };
      return times === 0 ? { status: 503, body: { code: "unavailable", resource: "sandbox", message: "" } } : {};
    });
    const controller = new AbortController();
    await sandbox.exec(["sleep", "60"], { processId: "p", signal: controller.signal });
    controller.abort();
    await vi.waitFor(() => expect(asked().filter((place) => place.endsWith("/signal"))).toHaveLength(2));
  });

  test("is let go of once the process is known to have ended, whatever was read of it", async () => {
    const much = new Uint8Array(300_000);
    const { sandbox } = await sandboxOf(({ path }) => {
      if (path.endsWith("/exec")) return { body: idle(frames({ process: "p" }, frame("stdout", 0, much))) };
      return { body: exit.exit };
    });
    const { signal } = new AbortController();
    for (const end of ["wait", "poll"] as const) {
      const process = await sandbox.exec(["cat"], { signal });
      await process[end]();
    }
    await vi.waitFor(() => expect(getEventListeners(signal, "abort")).toEqual([]));
  });
});

async function createdWith(params: { command?: string[]; pty?: boolean }) {
  const gateway = scripted(() => ({ body: view }));
  const sandbox = await gateway.client.sandboxes.create(new App("a"), undefined, params);
  return { ...gateway, sandbox };
}

describe("the command of a sandbox that was just created", () => {
  test("is attached to without a request, so that what asks for it is there before its start", async () => {
    const { sandbox, asked } = await createdWith({ command: ["true"] });
    const process = await sandbox.attach("entrypoint");
    expect(asked()).toEqual(["POST /sandboxes"]);
    await process.stdout.readText();
    expect(asked()).toEqual(["POST /sandboxes", "GET /sandboxes/s/processes/entrypoint/stdout"]);
  });

  test.each([
    ["there is none", {}, "entrypoint", {}],
    ["it has a terminal, whose size is nothing to wait long for", { command: ["sh"], pty: true }, "entrypoint", {}],
    ["only its last output is wanted", { command: ["sh"] }, "entrypoint", { tail: 10 }],
    ["another process is meant", { command: ["sh"] }, "other", {}],
  ])("is asked for where %s", async (_, params, id, options) => {
    const { sandbox, asked } = await createdWith(params);
    await sandbox.attach(id, options);
    expect(asked()).toContain(`GET /sandboxes/s/processes/${id}`);
  });

  test("may start later than its exit is waited for by one request", async () => {
    const late = { code: "deadline_exceeded", resource: "sandbox", message: "It did not start within 15 s" };
    const { client, requests } = scripted(({ path }, times) => {
      if (!path.includes("/exit")) return { body: view };
      return times < 2 ? { status: 504, body: late } : { body: { code: 3, timedOut: false } };
    });
    const sandbox = await client.sandboxes.create(new App("a"), undefined, { command: ["false"] });
    const process = await sandbox.attach("entrypoint");
    expect(await process.poll()).toBe(null);
    expect(await process.wait()).toBe(3);
    expect(requests.map(({ path }) => path.replace(/.*\?/, "")).slice(1)).toEqual([
      "wait=0&startTimeoutSeconds=0",
      "wait=15&startTimeoutSeconds=15",
      "wait=15&startTimeoutSeconds=15",
    ]);
  });
});

describe("output", () => {
  test("of which too much is kept is asked for by offset before the reply that brought it is left", async () => {
    const much = Buffer.alloc(300_000, "a");
    const { sandbox, asked, cancelled } = await sandboxOf(({ path }) => {
      if (path.endsWith("/exec"))
        return {
          body: idle(
            frames({ process: "p" }, frame("stdout", 0, much.subarray(0, 5))),
            frames(frame("stdout", 5, much)),
          ),
        };
      expect(cancelled).toEqual([]);
      return { headers: { "sandkeep-offset": "300005" }, body: "the end" };
    });
    const process = await sandbox.exec(["cat"], { processId: "p" });
    const reader = process.stdout.getReader();
    await reader.read();
    await vi.waitFor(() => expect(cancelled).toEqual(["POST /sandboxes/s/exec"]));
    expect(asked()).toContain("GET /sandboxes/s/processes/p/stdout");
    reader.releaseLock();
    expect((await process.stdout.readText()).length).toBe(300_000 + "the end".length);
    expect(process.lostOctets).toEqual({ stdout: 0, stderr: 0 });
  });

  test("has one reader at a time", async () => {
    const { sandbox } = await sandboxOf(isExec);
    const { stdout } = await sandbox.exec(["true"]);
    const first = stdout.readText();
    await expect(stdout.readText()).rejects.toThrow("somebody else");
    await expect(first).resolves.toBe("");
    await expect(stdout.readText()).resolves.toBe("");
  });

  test.each([
    ["of a process", async (sandbox: Sandbox) => (await sandbox.attach("p")).stdout],
    ["of the sandbox", async (sandbox: Sandbox) => sandbox.stdout],
    ["in its log", async (sandbox: Sandbox) => sandbox.logs({ follow: true })],
  ])("%s can be cancelled while somebody waits for more", async (_, streamOf) => {
    const { sandbox, asked, cancelled } = await sandboxOf(({ path }) => ({
      body: /stdout|logs/.test(path) ? idle() : {},
    }));
    const reader = (await streamOf(sandbox)).getReader();
    const read = reader.read();
    await vi.waitFor(() => expect(asked().some((place) => /stdout|logs/.test(place))).toBe(true));
    await reader.cancel();
    await expect(read).resolves.toMatchObject({ done: true });
    await vi.waitFor(() => expect(cancelled).toHaveLength(1));
  });
});

describe("input", () => {
  test("arrives in the order of its writes, also when nobody waits for them, and is then closed", async () => {
    const { sandbox, requests } = await sandboxOf(isExec);
    const { stdin } = await sandbox.exec(["cat"]);
    await Promise.all([stdin.writeText("a"), stdin.writeText("b"), stdin.close()]);
    const written = requests.filter(({ method }) => method === "PUT").map(({ path }) => path.replace(/.*\?/, ""));
    const writers = new Set(written.map((query) => new URLSearchParams(query).get("writer")));
    expect(written.map((query) => query.replace(/&writer=[0-9a-f-]{36}/, ""))).toEqual([
      "offset=0",
      "offset=1",
      "offset=2&eof=true",
    ]);
    expect(writers.size).toBe(1);
  });

  test("that the process does not take can be given up", async () => {
    const { sandbox, asked } = await sandboxOf(({ path }) => ({
      body: path.includes("/stdin") ? idle() : frames({ process: "p" }, exit),
    }));
    const { stdin } = await sandbox.exec(["sleep", "60"]);
    const written = stdin.writeText("a");
    written.catch(() => {});
    await vi.waitFor(() => expect(asked().some((place) => place.endsWith("/stdin"))).toBe(true));
    await stdin.abort(new Error("Enough"));
    await expect(written).rejects.toThrow("Enough");
  });
});

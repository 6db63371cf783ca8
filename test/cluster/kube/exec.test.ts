import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createHash, randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openExec } from "../../../src/kube/exec.ts";
import type { ExecStream } from "../../../src/kube/exec-stream.ts";
import { POD } from "../../../src/kube/objects.ts";
import { useApiServer, type TestApiServer } from "../../support/api-server.ts";
import { waitFor } from "../../support/wait-for.ts";

let server: TestApiServer;
beforeAll(async () => {
  server = await useApiServer({ nodes: 1 });
  await startPod("target");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function startPod(name: string): Promise<void> {
  const { kube, namespace } = server;
  const container = {
    name: "sandbox",
    image: "busybox:stable",
    command: ["sleep", "3600"],
    resources: { requests: { cpu: "10m" } },
  };
  const spec = { containers: [container], terminationGracePeriodSeconds: 0, automountServiceAccountToken: false };
  await kube.create(POD, { metadata: { namespace, name }, spec });
  const running = async () => (await kube.get(POD, { namespace, name })).status?.phase === "Running";
  await waitFor(`Pod ${name} to run`, running);
}

function exec(command: string[], { pod = "target", large = false } = {}): Promise<ExecStream> {
  return openExec(server.connection, { namespace: server.namespace, pod, container: "sandbox", command, large });
}

describe("exec on a real kubelet", () => {
  test("gives a command its arguments as they are", async () => {
    const stream = await exec(["printf", "%s|", "a b", "", "ü&?", "$HOME"]);
    stream.end();
    expect(await text(stream)).toBe("a b||ü&?|$HOME|");
    expect(await stream.status).toEqual({ code: 0 });
  });

  test.each([{ large: false }, { large: true }])("carries bytes to stdin and back, and its end (%o)", async (how) => {
    const bytes = randomBytes(8 << 20);
    const stream = await exec(["sh", "-c", "cat; echo done >&2"], how);
    const hash = createHash("sha256");
    const reading = (async () => {
      for await (const chunk of stream) hash.update(chunk);
    })();
    stream.end(bytes);
    await reading;
    expect(await stream.status).toEqual({ code: 0 });
    expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(stream.stderr).toBe("done\n");
  });

  test.each([
    { name: "an exit code", command: ["sh", "-c", "exit 7"], code: 7 },
    { name: "a signal", command: ["sh", "-c", "kill -9 $$"], code: 137 },
  ])("tells $name", async ({ command, code }) => {
    const stream = await exec(command);
    stream.resume();
    expect(await stream.status).toMatchObject({ code });
  });

  test("tells that there is no such program", async () => {
    const stream = await exec(["/no/such/program"]);
    stream.resume();
    await expect(stream.status).rejects.toMatchObject({
      name: "ApiError",
      message: expect.stringContaining("/no/such/program"),
    });
  });

  test("tells that there is no such Pod", async () => {
    await expect(exec(["true"], { pod: "missing" })).rejects.toMatchObject({
      name: "ApiError",
      status: 404,
      message: 'pods "missing" not found',
    });
  });

  test("ends, one way or the other, when its Pod is deleted", async () => {
    await startPod("deleted");
    const stream = await exec(["cat"], { pod: "deleted" });
    stream.resume();
    const status = stream.status.catch((error: unknown) => error);
    await server.kube.delete(POD, { namespace: server.namespace, name: "deleted" }, { gracePeriodSeconds: 0 });
    expect(await status).not.toEqual({ code: 0 });
  });

  test("waits for a slow reader and loses nothing", async () => {
    const stream = await exec(["head", "-c", String(64 << 20), "/dev/zero"]);
    await waitFor("the buffers to fill", () => stream.readableLength > 0);
    const before = heldByBuffers();
    let received = 0;
    let most = 0;
    for await (const chunk of stream) {
      received += chunk.length;
      if (received % (4 << 20) >= chunk.length) continue;
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, heldByBuffers() - before);
    }
    expect(received).toBe(64 << 20);
    expect(most).toBeLessThan(16 << 20);
  });
});

/** Octets of buffers that something still refers to. */
function heldByBuffers(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().arrayBuffers;
}

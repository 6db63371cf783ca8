import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { ConnectionError } from "../../../src/kube/api-error.ts";
import { openExec, type ExecOptions } from "../../../src/kube/exec.ts";
import { stubServer, type StubOptions, type StubServer } from "../../support/stub-server.ts";

const target = { namespace: "ns", pod: "a", container: "sandbox", command: ["agent", "connect x"] };

const success = { kind: "Status", status: "Success" };
const exitCode = { reason: "ExitCode", message: "7" };
const failure = {
  kind: "Status",
  status: "Failure",
  reason: "NonZeroExitCode",
  message: "exit 7",
  details: { causes: [exitCode] },
};
const notStarted = {
  kind: "Status",
  status: "Failure",
  reason: "InternalError",
  code: 500,
  message: "executable file not found",
};

function frame(channel: number, data: string | Buffer | object): Buffer {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
  return Buffer.concat([Buffer.of(channel), bytes]);
}

/** An exec stream whose other end does this. */
async function openWith(socket: NonNullable<StubOptions["socket"]>, large: boolean) {
  const server = await stubServer({ socket });
  const stream = await openExec(server.connection, { ...target, large });
  return {
    stream,
    [Symbol.asyncDispose]: async () => {
      stream.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe.each([{ large: false }, { large: true }])("an exec stream (large: $large)", ({ large }) => {
  const execWith = (socket: NonNullable<StubOptions["socket"]>) => openWith(socket, large);

  test("asks for the command as it is, over the one protocol that can half-close", async () => {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    await using exec = await execWith((_, request) => resolve(request));
    const { url, headers } = await promise;
    expect(exec.stream.writable).toBe(true);
    expect(url).toBe(
      "/api/v1/namespaces/ns/pods/a/exec?command=agent&command=connect+x&container=sandbox&stdin=true&stdout=true&stderr=true",
    );
    expect(headers["sec-websocket-protocol"]).toBe("v5.channel.k8s.io");
  });

  test("carries stdin and stdout, and a half-close", async () => {
    await using exec = await execWith((socket) => {
      socket.send(frame(1, ""));
      socket.on("message", (message: Buffer) => {
        if (message[0] === 0) socket.send(frame(1, message.subarray(1)));
        else if (message.equals(Buffer.of(255, 0))) {
          socket.send(frame(3, success));
          socket.close();
        }
      });
    });
    exec.stream.write("hel");
    exec.stream.end("lo");
    expect(await text(exec.stream)).toBe("hello");
    expect(await exec.stream.status).toEqual({ code: 0 });
  });

  test("reads what came in the very packet of the upgrade", async () => {
    await using exec = await execWith((socket) => {
      socket.send(frame(1, "early"));
      socket.send(frame(3, success));
      socket.close();
    });
    expect(await text(exec.stream)).toBe("early");
  });

  test.each([
    { name: "success", status: success, result: { code: 0 } },
    { name: "an exit code", status: failure, result: { code: 7, message: "exit 7" } },
  ])("tells $name", async ({ status, result }) => {
    await using exec = await execWith((socket) => {
      socket.send(frame(3, status));
      socket.close();
    });
    exec.stream.resume();
    expect(await exec.stream.status).toEqual(result);
  });

  test("tells that the command could not be run", async () => {
    await using exec = await execWith((socket) => {
      socket.send(frame(3, notStarted));
      socket.close();
    });
    exec.stream.resume();
    await expect(exec.stream.status).rejects.toMatchObject({ name: "ApiError", message: "executable file not found" });
  });

  test.each([
    { name: "is closed", end: (socket: WebSocket) => socket.close() },
    { name: "breaks", end: (socket: WebSocket) => socket.terminate() },
  ])("fails, and does not end, when the connection $name without a status", async ({ end }) => {
    await using exec = await execWith((socket) => socket.send(frame(1, "half of"), () => end(socket)));
    await expect(text(exec.stream)).rejects.toThrow(ConnectionError);
    await expect(exec.stream.status).rejects.toThrow('Cannot tell how the exec in Pod "ns/a" ended');
  });

  test("fails on a status that is no JSON", async () => {
    await using exec = await execWith((socket) => {
      socket.send(frame(3, "exit status 1"));
      socket.close();
    });
    exec.stream.resume();
    await expect(exec.stream.status).rejects.toThrow('Cannot read the status of an exec: "exit status 1"');
  });

  test("keeps the end of stderr, and of characters no halves", async () => {
    await using exec = await execWith((socket) => {
      socket.send(frame(2, "x".repeat(20_000)));
      socket.send(frame(2, Buffer.from([0xc3])));
      socket.send(frame(2, Buffer.from([0xa9])));
      socket.send(frame(3, success));
      socket.close();
    });
    exec.stream.resume();
    await exec.stream.status;
    expect(exec.stream.stderr).toHaveLength(16 * 1024);
    expect(exec.stream.stderr.endsWith("xé")).toBe(true);
  });

  test("holds the server back while nobody reads", async () => {
    const { promise, resolve } = Promise.withResolvers<WebSocket>();
    await using exec = await execWith(resolve);
    const socket = await promise;
    const block = frame(1, Buffer.alloc(32 * 1024));
    let sent = 0;
    while (socket.bufferedAmount < 1 << 20) {
      socket.send(block);
      sent++;
      await new Promise((done) => setImmediate(done));
    }
    expect(exec.stream.readableLength).toBeLessThan(1 << 20);
    socket.send(frame(3, success));
    socket.close();
    let received = 0;
    for await (const chunk of exec.stream) received += chunk.length;
    expect(received).toBe(sent * 32 * 1024);
  });

  test("holds the writer back while the server does not read, and loses nothing", async () => {
    const { promise, resolve } = Promise.withResolvers<WebSocket>();
    await using exec = await execWith((socket) => {
      socket.pause();
      resolve(socket);
    });
    const socket = await promise;
    let received = 0;
    let largest = 0;
    socket.on("message", (message: Buffer) => {
      if (message[0] !== 0) socket.close();
      received += message[0] === 0 ? message.length - 1 : 0;
      largest = Math.max(largest, message.length);
    });
    const block = Buffer.alloc(1 << 20);
    let written = 0;
    while (exec.stream.writableLength < 2 << 20) {
      exec.stream.write(block);
      written += block.length;
      await new Promise((done) => setImmediate(done));
    }
    exec.stream.on("error", () => {});
    exec.stream.end();
    socket.resume();
    await once(socket, "close");
    expect(received).toBe(written);
    expect(largest).toBe(256 * 1024 + 1);
  });

  test("cuts the connection when it is destroyed", async () => {
    const { promise, resolve } = Promise.withResolvers<WebSocket>();
    await using exec = await execWith(resolve);
    const socket = await promise;
    exec.stream.destroy();
    await once(socket, "close");
    await expect(exec.stream.status).rejects.toThrow("the stream was closed");
  });
});

describe.each([{ large: false }, { large: true }])("opening an exec stream (large: $large)", ({ large }) => {
  const open = ({ connection }: StubServer, more: Partial<ExecOptions> = {}) =>
    openExec(connection, { ...target, large, ...more });

  test.each([
    { status: 403, message: "pods is forbidden" },
    { status: 404, message: 'pods "a" not found' },
  ])("rejects with what the server said: $status", async ({ status, message }) => {
    await using server = await stubServer({
      request: (_, response) => response.writeHead(status).end(JSON.stringify({ kind: "Status", message })),
    });
    await expect(open(server)).rejects.toMatchObject({ name: "ApiError", status, message });
  });

  test("rejects when nobody answers", async () => {
    const server = await stubServer({});
    await server[Symbol.asyncDispose]();
    await expect(open(server)).rejects.toThrow(ConnectionError);
  });

  test("rejects with the signal's reason, before and after the stream is open", async () => {
    const controller = new AbortController();
    await using server = await stubServer({ socket: () => {} });
    const stream = await open(server, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(stream.status).rejects.toThrow("enough");
    await expect(open(server, { signal: controller.signal })).rejects.toThrow("enough");
  });

  test("rejects names that would lead elsewhere", async () => {
    await using server = await stubServer({});
    await expect(open(server, { pod: ".." })).rejects.toThrow("that is not a name");
  });
});

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PORT_PROTOCOL } from "../../../src/api/constants.ts";
import { PortConnection } from "../../support/port-connection.ts";
import { waitFor } from "../../support/wait-for.ts";
import { opened } from "../../support/web-socket.ts";
import { farEnd } from "../agent-link/far-end.ts";
import { realAgent, type RealAgent } from "../agent-link/real-agent.ts";
import { webSocketGateway, type WebSocketGateway } from "./web-socket-gateway.ts";

let agent: RealAgent;
let gateway: WebSocketGateway;
const servers: Server[] = [];
beforeAll(async () => {
  agent = await realAgent();
  gateway = await webSocketGateway(agent);
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
});

/** A connection to a program that serves it so. */
async function connectedTo(serve: (socket: Socket) => void): Promise<PortConnection> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return new PortConnection(opened(await gateway.open(`/ports/${port}`, [PORT_PROTOCOL])));
}

function sha256(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}

describe("a connection to a port", () => {
  it("carries megabytes both ways at once", async () => {
    const connection = await connectedTo((socket) => void socket.pipe(socket));
    const octets = randomBytes(10 << 20);
    for (let at = 0; at < octets.length; at += 200_000) await connection.write(octets.subarray(at, at + 200_000));
    connection.end();
    expect(await connection.closed).toMatchObject({ code: 1000 });
    expect(connection.ended).toBe(true);
    expect(sha256(Buffer.concat(connection.chunks))).toBe(sha256(octets));
  });

  it("lets the client end first", async () => {
    const connection = await connectedTo((socket) => {
      let got = "";
      socket.on("data", (chunk) => (got += chunk.toString())).once("end", () => socket.end(`got ${got}`));
    });
    await connection.write("all of it");
    connection.end();
    expect(await connection.closed).toMatchObject({ code: 1000 });
    expect(connection.text).toBe("got all of it");
  });

  it("lets the program end first", async () => {
    let got = "";
    const connection = await connectedTo((socket) => {
      socket.end("greeting");
      socket.on("data", (chunk) => (got += chunk.toString()));
    });
    await waitFor("the end", () => connection.ended);
    expect(connection.text).toBe("greeting");
    await connection.write("late words");
    connection.end();
    expect(await connection.closed).toMatchObject({ code: 1000 });
    await waitFor("them to be heard", () => got === "late words");
  });

  it("sends small messages as they come, however many there are", async () => {
    const connection = await connectedTo((socket) => void socket.pipe(socket));
    for (let i = 0; i < 5_000; i++) await connection.write(String(i % 10));
    connection.end();
    await connection.closed;
    expect(connection.text).toBe("0123456789".repeat(500));
  });

  it("breaks off where the program resets it", async () => {
    const connection = await connectedTo((socket) => void socket.once("data", () => socket.resetAndDestroy()));
    await connection.write("x");
    expect(await connection.closed).toEqual({ code: 1013, reason: "unavailable" });
    expect(connection.ended).toBe(false);
  });

  it("is reset for the program when the client goes before the end", async () => {
    const reset = Promise.withResolvers<unknown>();
    const connection = await connectedTo((socket) => {
      socket.write("hello");
      socket
        .on("error", reset.resolve)
        .once("end", () => reset.resolve("a clean end"))
        .resume();
    });
    await waitFor("the greeting", () => connection.text === "hello");
    connection.socket.terminate();
    expect(await reset.promise).toMatchObject({ code: "ECONNRESET" });
  });

  it.each<[who: string, stop: (connection: PortConnection, socket: Socket) => void, flood: "client" | "program"]>([
    ["a client that does not read holds the program back", (connection) => connection.socket.pause(), "program"],
    ["a program that does not read holds the client back", (_, socket) => socket.pause(), "client"],
  ])("%s", async (_, stop, flood) => {
    let program: Socket | undefined;
    const connection = await connectedTo((socket) => (program = socket));
    const socket = await waitFor("the program", () => program);
    stop(connection, socket);
    const chunk = Buffer.alloc(64 << 10);
    let sent = 0;
    const waiting = () => (flood === "client" ? connection.socket.bufferedAmount : socket.writableLength);
    const before = process.memoryUsage.rss();
    for (;;) {
      if (flood === "client") void connection.write(chunk).catch(() => {});
      else socket.write(chunk);
      sent += chunk.length;
      if (waiting() < 1 << 20) await new Promise(setImmediate);
      else if (await isStuck(waiting)) break;
    }
    expect(sent).toBeLessThan(48 << 20);
    expect(process.memoryUsage.rss() - before).toBeLessThan(96 << 20);
    connection.socket.terminate();
    socket.destroy();
  });

  it("ends with a message of text", async () => {
    const connection = await connectedTo((socket) => void socket.pipe(socket));
    connection.socket.send("text");
    expect(await connection.closed).toEqual({ code: 1008, reason: "invalid_argument" });
  });

  it.each<[what: string, octets: Buffer]>([
    ["frames that are too long", Buffer.of(127, 0, 0, 0)],
    ["something after the end", Buffer.of(0, 0, 0, 0, 1)],
    ["no end", Buffer.of(0, 0, 0, 1, 65)],
  ])("ends when an agent sends %s", async (_, octets) => {
    await using end = await farEnd((stream) => {
      stream.respond({ ":status": 200 });
      stream.end(octets);
    });
    await using lied = await webSocketGateway({
      connect: async () => ({ link: end.link, stream: end.near }) as Awaited<ReturnType<RealAgent["connect"]>>,
    });
    const connection = new PortConnection(opened(await lied.open("/ports/80", [PORT_PROTOCOL])));
    expect(await connection.closed).toMatchObject({ code: 1013 });
  });
});

/** Whether nothing moves for a while. */
async function isStuck(waiting: () => number): Promise<boolean> {
  const before = waiting();
  for (let turn = 0; turn < 200; turn++) {
    await once(AbortSignal.timeout(1), "abort");
    if (waiting() !== before) return false;
  }
  return true;
}

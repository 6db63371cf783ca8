import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A proxy outside, and where it was asked to connect to. */
export interface FarProxy extends AsyncDisposable {
  port: number;
  asked: string[];
}

/** A SOCKS5 proxy with username and password (RFC 1928, 1929), for IPv4 addresses. */
export async function socksProxy(username: string, password: string, host = "127.0.0.1"): Promise<FarProxy> {
  const asked: string[] = [];
  const serve = async (socket: Socket): Promise<void> => {
    await taken(socket, 3 + 1);
    socket.write(Buffer.from([5, 2]));
    const [, length = 0] = await taken(socket, 2);
    const user = String(await taken(socket, length));
    const [secretLength = 0] = await taken(socket, 1);
    const isRight = user === username && String(await taken(socket, secretLength)) === password;
    socket.write(Buffer.from([1, isRight ? 0 : 1]));
    if (!isRight) return void socket.end();
    const request = await taken(socket, 10);
    const target = { host: request.subarray(4, 8).join("."), port: request.readUInt16BE(8) };
    asked.push(`${target.host}:${target.port}`);
    const far = connect({ ...target, allowHalfOpen: true }, () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      socket.pipe(far).pipe(socket);
    });
    far.on("error", () => socket.destroy());
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(socket).catch(() => socket.destroy());
  });
  return listening(server, asked, host);
}

/** An HTTP proxy with Basic authentication, for CONNECT. */
export async function connectProxy(username: string, password: string, host = "127.0.0.1"): Promise<FarProxy> {
  const asked: string[] = [];
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const server = createHttpServer();
  server.on("connect", ({ url = "", headers }, socket: Socket) => {
    socket.on("error", () => {});
    if (headers["proxy-authorization"] !== expected) {
      socket.end("HTTP/1.1 407 No\r\n\r\n");
      return;
    }
    asked.push(url);
    const [name = "", port] = url.split(":");
    const far = connect({ port: Number(port), host: name, allowHalfOpen: true }, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(far).pipe(socket);
    });
    far.on("error", () => socket.destroy());
  });
  return listening(server, asked, host);
}

async function listening(server: Server, asked: string[], host: string): Promise<FarProxy> {
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

/** The next octets of a connection, exactly so many. */
async function taken(socket: Socket, octets: number): Promise<Buffer> {
  for (;;) {
    const read = socket.read(octets) as Buffer | null;
    if (read !== null) return read;
    await once(socket, "readable");
  }
}

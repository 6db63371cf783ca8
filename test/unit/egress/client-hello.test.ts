import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { connect } from "node:tls";
import { describe, expect, test } from "vitest";
import { MOST_HELLO_OCTETS, readServerName } from "../../../src/egress/tls/client-hello.ts";
import { clientHello, extension, records, serverNames, vector } from "./client-hello.ts";

const alpn = extension(16, vector(2, vector(1, Buffer.from("h2"))));
const ordinary = clientHello({
  extensions: [alpn, serverNames("www.Example.com"), extension(0xfe0d, Buffer.alloc(20))],
});

test.each([
  ["of one record", ordinary, "www.example.com"],
  ["whose name comes last", clientHello({ extensions: [alpn, serverNames("a.example")] }), "a.example"],
  ["in two records", clientHello({ extensions: [serverNames("a.example")], fragment: 60 }), "a.example"],
  ["in sixteen records", clientHello({ extensions: [serverNames("a.example")], fragment: 7 }), "a.example"],
  ["with more behind it", Buffer.concat([ordinary, Buffer.alloc(100)]), "www.example.com"],
])("a ClientHello %s tells its name, and no sooner than it is whole", (_, octets, name) => {
  expect(readServerName(octets)).toEqual({ kind: "name", name });
  // However it is cut, what is said to be missing is never more than what comes.
  for (let length = 0; ;) {
    const read = readServerName(octets.subarray(0, length));
    if (read.kind === "name") break;
    expect(read.kind).toBe("more");
    if (read.kind !== "more") break;
    expect(read.octets).toBeGreaterThan(length);
    expect(read.octets).toBeLessThanOrEqual(octets.length);
    length = read.octets;
  }
});

describe("what tells no name is refused", () => {
  test.each([
    ["plain text", Buffer.from("GET / HTTP/1.1\r\n"), "does not begin with a TLS handshake"],
    ["another version", Buffer.from([22, 2, 0, 0, 5, 1]), "does not begin with a TLS handshake"],
    ["an empty record", Buffer.from([22, 3, 1, 0, 0, 1]), "of a length that is not allowed"],
    ["a record that is too long", Buffer.from([22, 3, 1, 0x40, 1]), "of a length that is not allowed"],
    ["more than sixteen", clientHello({ extensions: [serverNames("a.example")], fragment: 6 }), "too many records"],
    ["another message", records(Buffer.from([2, 0, 0, 0])), "no ClientHello"],
    ["a message without end", records(Buffer.from([1, 1, 0, 0])), "too long"],
    ["no extensions", clientHello(), "names no server"],
    ["no name", clientHello({ extensions: [alpn] }), "names no server"],
    ["two names", clientHello({ extensions: [serverNames("a.example", "b.example")] }), "more than one server"],
    ["a name twice", clientHello({ extensions: [serverNames("a.example"), serverNames("b.example")] }), "twice"],
    ["an empty name", clientHello({ extensions: [serverNames("")] }), "no host name"],
    ["an address", clientHello({ extensions: [serverNames("10.0.0.1")] }), "no host name"],
    ["a zero octet", clientHello({ extensions: [serverNames("a.example\0.b")] }), "no host name"],
    ["no list", clientHello({ extensions: [extension(0, Buffer.alloc(0))] }), "malformed"],
    ["a list that is too long", clientHello({ extensions: [extension(0, Buffer.from([0, 9, 0, 0, 1]))] }), "malformed"],
    ["a message of nothing", records(Buffer.from([1, 0, 0, 0])), "malformed"],
  ])("%s", (_, octets, problem) => {
    expect(readServerName(octets)).toEqual({ kind: "refused", problem: expect.stringContaining(problem) });
  });
});

test("any octets end in an answer", () => {
  for (let round = 0; round < 2_000; round++) {
    const octets = Buffer.from(ordinary);
    for (let changes = 0; changes < 3; changes++) {
      octets[Math.floor(Math.random() * octets.length)] = Math.floor(Math.random() * 256);
    }
    const read = readServerName(octets);
    if (read.kind === "more") expect(read.octets).toBeLessThanOrEqual(MOST_HELLO_OCTETS);
  }
});

test("what a real client sends is read", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: "127.0.0.1", port, servername: "real.example.com", ALPNProtocols: ["h2"] });
  client.on("error", () => {});
  const [socket] = await once(server, "connection");
  const [octets] = await once(socket, "data");
  expect(readServerName(octets)).toEqual({ kind: "name", name: "real.example.com" });
  socket.destroy();
  client.destroy();
  server.close();
});

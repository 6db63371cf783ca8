import { Resolver as Asker } from "node:dns/promises";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { decode, encode } from "dns-packet";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Network } from "../../../src/api/schema/network.ts";
import { Decisions } from "../../../src/egress/decisions/decisions.ts";
import { upstreamsOf } from "../../../src/egress/dns/forward.ts";
import { framed } from "../../../src/egress/dns/frames.ts";
import { readQuestion } from "../../../src/egress/dns/question.ts";
import { Resolver } from "../../../src/egress/dns/resolver.ts";
import { type DnsServer, serveDns } from "../../../src/egress/dns/server.ts";
import { silentLog } from "../../support/silent-log.ts";
import { OneClient } from "./clients.ts";

let upstream: DnsServer;
let server: DnsServer;
let decisions: Decisions;
const clients = new OneClient();
const passedOn: string[] = [];

beforeEach(async () => {
  passedOn.length = 0;
  clients.known = true;
  upstream = await serveDns(0, async (query, _, protocol) => {
    const { id = 0, questions = [] } = decode(query);
    passedOn.push(`${protocol} ${questions[0]?.name}`);
    return encode({
      type: "response",
      id,
      questions,
      answers: [{ type: "A", name: questions[0]?.name ?? "", ttl: 1, data: "93.184.216.34" }],
    });
  });
  decisions = new Decisions(silentLog);
  const upstreams = upstreamsOf([`127.0.0.1:${upstream.port}`]);
  const resolver = new Resolver({ clients, decisions, proxy: { v4: "10.96.0.53" }, upstreams });
  server = await serveDns(0, (...query) => resolver.answer(...query));
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function asker(network?: Network): Asker {
  clients.network = network;
  const asker = new Asker({ timeout: 2_000, tries: 1 });
  asker.setServers([`127.0.0.1:${server.port}`]);
  return asker;
}

const listed: Network = { outbound: { domains: ["example.com", "*.example.org"] } };

describe("with domains", () => {
  test("allowed names are the proxy's, in the case in which they are asked for", async () => {
    const dns = asker(listed);
    expect(await dns.resolve4("example.com")).toEqual(["10.96.0.53"]);
    expect(await dns.resolve4("WWW.Example.ORG")).toEqual(["10.96.0.53"]);
  });

  test("they have no other records, and other names do not exist", async () => {
    const dns = asker(listed);
    await expect(dns.resolve6("example.com")).rejects.toMatchObject({ code: "ENODATA" });
    await expect(dns.resolveTxt("example.com")).rejects.toMatchObject({ code: "ENODATA" });
    for (const name of ["www.example.com", "example.org", "evil.example", "kubernetes.default.svc.cluster.local"])
      await expect(dns.resolve4(name)).rejects.toMatchObject({ code: "ENOTFOUND" });
    await expect(dns.resolveTxt("c2VjcmV0.evil.example")).rejects.toMatchObject({ code: "ENOTFOUND" });
    expect(passedOn).toEqual([]);
    expect(decisions.of("uid").decisions[0]).toMatchObject({
      verdict: "Denied",
      protocol: "DNS",
      host: "c2vjcmv0.evil.example",
      reason: "NotAllowed",
    });
  });
});

test("without domains all is passed on, as it comes", async () => {
  expect(await asker().resolve4("anything.example")).toEqual(["93.184.216.34"]);
  expect(passedOn).toEqual(["udp anything.example"]);
});

test("over TCP, one query after the other", async () => {
  asker();
  const socket = connect(server.port, "127.0.0.1");
  const queries = ["a.example", "b.example"].map((name, id) =>
    framed(encode({ type: "query", id, questions: [{ type: "A", name }] })),
  );
  socket.end(Buffer.concat(queries));
  const replies = Buffer.concat(await socket.toArray());
  const first = replies.readUInt16BE(0);
  expect(decode(replies.subarray(2, 2 + first))).toMatchObject({ id: 0, questions: [{ name: "a.example" }] });
  expect(decode(replies.subarray(4 + first))).toMatchObject({ id: 1, answers: [{ data: "93.184.216.34" }] });
  expect(passedOn).toEqual(["tcp a.example", "tcp b.example"]);
});

describe("over TCP, a connection is closed", () => {
  const limits = { ofOne: 2, queryMilliseconds: 300 };

  test("of addresses that are cut, and no other", async () => {
    await using cutting = await serveDns(0, async () => query);
    const open = async (localAddress: string) => {
      const socket = connect({ port: cutting.port, host: "127.0.0.1", localAddress }).on("error", () => {});
      socket.write(framed(query));
      await once(socket, "data");
      return socket;
    };
    const [one, other] = await Promise.all([open("127.0.0.1"), open("127.0.0.2")]);
    cutting.cut((source) => source === "127.0.0.1");
    await new Promise((resolve) => one.once("close", resolve));
    other.write(framed(query));
    await once(other, "data");
    other.destroy();
  });

  test("on which no query comes whole in time, however it trickles in", async () => {
    await using slow = await serveDns(0, async () => undefined, limits);
    const socket = connect(slow.port, "127.0.0.1");
    const octets = framed(query)[Symbol.iterator]();
    const trickle = setInterval(() => socket.write(Buffer.of(octets.next().value ?? 0)), 50);
    await once(
      socket.on("error", () => {}),
      "close",
    );
    clearInterval(trickle);
  });

  test("of an address that has enough of them", async () => {
    await using few = await serveDns(0, async () => query, { ...limits, queryMilliseconds: 10_000 });
    const open = () => {
      const socket = connect(few.port, "127.0.0.1").on("error", () => {});
      socket.write(framed(query));
      return socket;
    };
    const [one, two] = [open(), open()];
    await Promise.all([once(one, "data"), once(two, "data")]);
    await expect(text(open())).rejects.toMatchObject({ code: "ECONNRESET" });
    one.end();
    await vi.waitFor(() => once(open(), "data"));
  });
});

test("blocked sandboxes and strangers get no answer", async () => {
  await expect(asker({ block: true }).resolve4("example.com")).rejects.toMatchObject({ code: "EREFUSED" });
  clients.known = false;
  await expect(asker(listed).resolve4("example.com")).rejects.toMatchObject({ code: "EREFUSED" });
  expect(passedOn).toEqual([]);
});

test("while nobody can tell who asks, names fail and are not denied", async () => {
  vi.spyOn(clients, "at").mockRejectedValueOnce(new Error("silent"));
  await expect(asker(listed).resolve4("example.com")).rejects.toMatchObject({ code: "ESERVFAIL" });
});

test("when no resolver answers, that is what is said", async () => {
  await upstream[Symbol.asyncDispose]();
  const dns = asker();
  await expect(dns.resolve4("example.com")).rejects.toMatchObject({ code: "ESERVFAIL" });
  upstream = await serveDns(0, async () => undefined);
});

const query = encode({ type: "query", id: 7, questions: [{ type: "A", name: "a.example" }] });
const changed = (at: number, ...octets: number[]): Buffer =>
  Buffer.concat([query.subarray(0, at), Buffer.from(octets), query.subarray(at + octets.length)]);

test.each([
  ["nothing", Buffer.alloc(0), { kind: "drop" }],
  ["a beginning", query.subarray(0, 11), { kind: "drop" }],
  ["an answer", changed(2, 0x80), { kind: "drop" }],
  ["another operation", changed(2, 0x28), { kind: "wrong", id: 7, code: "NOTIMP" }],
  ["no question", changed(4, 0, 0), { kind: "wrong", id: 7, code: "FORMERR" }],
  ["two questions", changed(4, 0, 2), { kind: "wrong", id: 7, code: "FORMERR" }],
  ["answers in it", changed(6, 0, 1), { kind: "wrong", id: 7, code: "FORMERR" }],
  ["a name without end", query.subarray(0, 16), { kind: "wrong", id: 7, code: "FORMERR" }],
  ["a name that is its own end", changed(12, 0xc0, 12), { kind: "wrong", id: 7, code: "FORMERR" }],
  ["too many octets", Buffer.concat([query, Buffer.alloc(5000)]), { kind: "wrong", id: 7, code: "FORMERR" }],
  ["another class", changed(query.length - 1, 3), { kind: "wrong", id: 7, code: "REFUSED" }],
  [
    "a name that is an address",
    encode({ id: 7, questions: [{ type: "A", name: "1.2.3.4" }] }),
    { kind: "wrong", id: 7, code: "REFUSED" },
  ],
])("a query of %s", (_, message, expected) => {
  expect(readQuestion(message)).toEqual(expected);
});

test("any octets end in an answer, or none", async () => {
  const udp = createSocket("udp4");
  asker(listed);
  for (let round = 0; round < 200; round++) {
    const octets = Buffer.from(query);
    for (let at = 0; at < 3; at++) octets[Math.floor(Math.random() * octets.length)] = Math.floor(Math.random() * 256);
    udp.send(octets, server.port, "127.0.0.1");
  }
  const connected = connect(server.port, "127.0.0.1");
  connected.write(Buffer.alloc(100, 255));
  await once(connected, "close");
  udp.close();
  expect(await asker(listed).resolve4("example.com")).toEqual(["10.96.0.53"]);
});

import { Readable } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentClient } from "../../../src/agent-link/client.ts";
import { limits } from "../../../src/agent-link/limits.ts";
import type { LinkRequest } from "../../../src/agent-link/link.ts";
import { SandkeepError } from "../../../src/api/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { withSeeds, type Random } from "../../support/random.ts";
import { farEnd, textOf, type FarEnd } from "./far-end.ts";
import { Flood } from "./flood.ts";
import { field, flags, frame, lyingAgent, ok, setting, types, uint32, type LyingAgent } from "./lying-agent.ts";

const get: LinkRequest = { method: "GET", path: "/" };

/** The stream of the first request; the requests of a client have odd numbers. */
const first = 1;

/** Another sandbox's agent, which must notice nothing. */
let honest: FarEnd;
beforeAll(async () => {
  honest = await farEnd((stream) => {
    stream.respond({ ":status": 200 });
    stream.end("honest");
  });
});
afterAll(() => honest[Symbol.asyncDispose]());

async function honestAnswers(): Promise<void> {
  expect(await textOf((await honest.link.request(get)).body)).toBe("honest");
}

function* repeated(octets: Buffer, times: number): Generator<Buffer, void, void> {
  // Many small frames together, as they come from a socket.
  const together = Math.max(1, Math.floor(16_384 / octets.length));
  const piece = Buffer.concat(Array.from({ length: together }, () => octets));
  for (let sent = 0; sent < times; sent += together) yield piece;
}

const big = Buffer.alloc(16_384, "a");
const start = frame(types.headers, flags.endHeaders, first, ok);

/** What an agent says while a request is under way, 64 MiB at most. */
const attacks: [what: string, octets: () => Iterable<Buffer>][] = [
  [
    "a head without end",
    function* () {
      yield frame(types.headers, 0, first, ok);
      yield* repeated(frame(types.continuation, 0, first, field("x", "a".repeat(16_000))), 4096);
    },
  ],
  [
    "empty continuations of a head",
    function* () {
      yield frame(types.headers, 0, first, ok);
      yield* repeated(frame(types.continuation, 0, first), 200_000);
    },
  ],
  [
    "a head that grows by references to one large field",
    () => [
      frame(types.headers, 0, first, Buffer.concat([ok, Buffer.of(0x40), field("x", "a".repeat(4000)).subarray(1)])),
      ...repeated(frame(types.continuation, 0, first, Buffer.alloc(16_384, 0xbe)), 1000),
    ],
  ],
  ["heads for a request again and again", () => repeated(start, 200_000)],
  [
    "heads with status 103 again and again",
    () => repeated(frame(types.headers, 4, first, field(":status", "103")), 200_000),
  ],
  ["answers to requests that were not made", () => repeated(frame(types.headers, flags.endHeaders, 7, ok), 200_000)],
  ["streams of its own", () => [frame(types.headers, flags.endHeaders, 2, ok)]],
  ["pushed answers", () => [frame(types.pushPromise, flags.endHeaders, first, Buffer.concat([uint32(2), ok]))]],
  ["settings without end", () => repeated(frame(types.settings, 0, 0, setting(3, 100)), 200_000)],
  ["a table of heads of 4 GiB", () => [frame(types.settings, 0, 0, setting(1, 0xffffffff)), start]],
  ["a window beyond what there is", () => [frame(types.settings, 0, 0, setting(4, 0xffffffff))]],
  ["confirmations that nobody asked for", () => repeated(frame(types.settings, flags.ack, 0), 200_000)],
  ["pings without end", () => repeated(frame(types.ping, 0, 0, Buffer.alloc(8)), 200_000)],
  ["pongs without end", () => repeated(frame(types.ping, flags.ack, 0, Buffer.alloc(8)), 200_000)],
  ["resets without end", () => repeated(frame(types.reset, 0, first, uint32(8)), 200_000)],
  ["priorities without end", () => repeated(frame(types.priority, 0, first, Buffer.alloc(5)), 200_000)],
  ["windows that grow beyond the largest", () => repeated(frame(types.windowUpdate, 0, first, uint32(0x7fffffff)), 10)],
  ["windows that grow by nothing", () => repeated(frame(types.windowUpdate, 0, first, uint32(0)), 100_000)],
  [
    "more than its window",
    function* () {
      yield start;
      yield* repeated(frame(types.data, 0, first, big), 4096);
    },
  ],
  [
    "empty parts of a body without end",
    function* () {
      yield start;
      yield* repeated(frame(types.data, 0, first), 200_000);
    },
  ],
  [
    "parts that are padding only",
    function* () {
      yield start;
      yield* repeated(frame(types.data, flags.padded, first, Buffer.alloc(256, 255)), 100_000);
    },
  ],
  ["a frame of 16 MiB", () => [Buffer.from([255, 255, 255, 0, 0, 0, 0, 0, first]), ...repeated(big, 1024)]],
  ["frames of no known type", () => repeated(frame(200, 255, 0, big), 4096)],
  ["its farewell without end", () => repeated(frame(types.goAway, 0, 0, uint32(0, 0)), 100_000)],
  ["a farewell to what was never there", () => [frame(types.goAway, 0, 0, uint32(0x7fffffff, 99))]],
  ["another language", () => repeated(Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), 100_000)],
];

describe("an agent that sends", () => {
  it.each(attacks)("%s takes no memory, ends no process and hurts no other link", async (_, octets) => {
    const before = occupied();
    await using liar = await lyingAgent();
    const answer = outcomeOf(liar, get);
    await liar.asked();
    await liar.say(octets());
    expect(occupied() - before).toBeLessThan(48 << 20);
    await honestAnswers();
    liar.end();
    await answer;
  });
});

describe("an agent that says of a body", () => {
  const head = (length: string) =>
    frame(types.headers, flags.endHeaders, first, Buffer.concat([ok, field("content-length", length)]));
  const body = (text: string, flag: number = flags.endStream) => frame(types.data, flag, first, Buffer.from(text));

  it.each<[what: string, octets: Buffer[]]>([
    ["that it is longer", [head("10"), body("short")]],
    ["that it is shorter", [head("1"), body("long")]],
    ["that it is less than nothing", [head("-1"), body("x")]],
    ["that it is huge, and ends", [head("99999999999999999999"), body("x")]],
    [
      "two lengths",
      [
        frame(types.headers, 4, first, Buffer.concat([ok, field("content-length", "1"), field("content-length", "2")])),
        body("x"),
      ],
    ],
    ["nothing, and resets it", [start, body("half", 0), frame(types.reset, 0, first, uint32(2))]],
    ["nothing, and resets it without an error", [start, body("half", 0), frame(types.reset, 0, first, uint32(0))]],
    ["nothing, and goes", [start, body("half", 0)]],
  ])("%s does not make it whole", async (_, octets) => {
    await using liar = await lyingAgent();
    const answer = liar.link.request(get).then(({ body }) => textOf(body));
    const refused = expect(answer).rejects.toBeInstanceOf(SandkeepError);
    await liar.asked();
    await liar.say(octets);
    liar.end();
    await refused;
  });

  it("nothing, and resets the request once it has ended the answer, has told it whole", async () => {
    await using liar = await lyingAgent();
    const request = { method: "PUT", path: "/", body: new Readable({ read: () => {} }) };
    const answer = liar.link.request(request).then(({ body }) => textOf(body));
    await liar.asked();
    await liar.say([start, body("all"), frame(types.reset, 0, first, uint32(0))]);
    expect(await answer).toBe("all");
    request.body.destroy();
  });
});

describe("an agent that takes nothing", () => {
  it.each([
    ["from the beginning", setting(4, 0)],
    ["after the first octet", setting(4, 1)],
  ])("%s holds an upload back, in little memory, until it is given up", async (_, window) => {
    await using liar = await lyingAgent(window);
    const before = occupied();
    let read = 0;
    const body = new Readable({
      read() {
        read += big.length;
        setImmediate(() => this.push(big));
      },
    });
    const leaving = new AbortController();
    const upload = expect(
      liar.link.request({ method: "PUT", path: "/", body, signal: leaving.signal }),
    ).rejects.toThrow("enough");
    await after(100);
    expect(read).toBeLessThan(4 << 20);
    expect(occupied() - before).toBeLessThan(16 << 20);
    leaving.abort(new Error("enough"));
    await upload;
    body.destroy();
    await honestAnswers();
  });
});

it("an agent that never takes the end of an upload keeps no request once it has answered", async () => {
  await using liar = await lyingAgent(setting(4, 3));
  const body = Readable.from(
    (async function* () {
      yield Buffer.from("abc");
      await after(10);
    })(),
  );
  const answer = liar.link.request({ method: "PUT", path: "/", body }).then((answered) => textOf(answered.body));
  await liar.asked();
  // Its end comes later than its last octet, and has no window.
  await eventually(() => expect(body.readableEnded).toBe(true));
  await liar.say([start, frame(types.data, flags.endStream, first, Buffer.from("all"))]);
  expect(await answer).toBe("all");
  await eventually(() => expect(liar.link.streams).toBe(0));
});

describe("an agent that answers a small question", () => {
  it.each<[what: string, ask: (client: ReturnType<typeof agentClient>) => Promise<unknown>]>([
    ["in JSON without end", (client) => client.info()],
    [
      "in a line without end",
      async (client) => {
        for await (const _ of client.exec({ command: ["x"] })) expect.unreachable();
      },
    ],
  ])("%s is cut off at the limit", async (_, ask) => {
    const flood = new Flood();
    await using end = await farEnd((stream) => {
      stream.respond({ ":status": 200 });
      flood.over(stream, big);
    });
    await expect(ask(agentClient(end.link))).rejects.toMatchObject({ code: "unavailable" });
    expect(flood.octets).toBeLessThan(limits.jsonOctets + 8 * limits.windowOctets);
    expect(end.link.open).toBe(true);
  });
});

describe("an agent that sends frames at random", () => {
  it("takes no memory, ends no process and hurts no other link", async () => {
    const before = occupied();
    await withSeeds(60, async (random) => {
      await using liar = await lyingAgent();
      const requests = [get, get, { method: "PUT", path: "/", body: "body" }];
      const answers = requests.map((request) => outcomeOf(liar, request));
      await liar.asked(requests.length);
      await liar.say(random.pieces(random.mutated(Buffer.concat(randomFrames(random))), 4096));
      await honestAnswers();
      liar.end();
      await Promise.all(answers);
      expect(liar.link.open).toBe(false);
    });
    expect(occupied() - before).toBeLessThan(48 << 20);
  });
});

function randomFrames(random: Random): Buffer[] {
  return Array.from({ length: 1 + random.below(30) }, () => {
    const payload = random.pick<() => Buffer>([
      () => ok,
      () => random.octets(random.below(40)),
      () => uint32(random.below(2 ** 32)),
      () => Buffer.concat([ok, field("content-length", String(random.below(100)))]),
      () => setting(random.below(8), random.below(2 ** 32)),
      () => Buffer.alloc(random.below(20_000)),
      () => Buffer.alloc(8),
    ])();
    const flag = random.pick<number>([0, flags.endHeaders, flags.endStream, 5, random.below(256)]);
    return frame(random.below(11), flag, random.pick<number>([0, 1, 3, 5, 2, random.below(2 ** 31)]), payload);
  });
}

/** Resolves once a request has an end, which must be an answer or a refusal of ours. */
async function outcomeOf({ link }: LyingAgent, request: LinkRequest): Promise<void> {
  try {
    const { body } = await link.request(request);
    for await (const _ of body as AsyncIterable<Buffer>) continue;
  } catch (error) {
    expect(error).toBeInstanceOf(SandkeepError);
  }
}

/** Octets that this process holds, garbage included. */
function occupied(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

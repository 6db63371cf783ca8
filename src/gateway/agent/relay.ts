import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { LinkResponse } from "../../agent-link/link.ts";
import { SandkeepError } from "../../api/errors.ts";
import { errorFrom } from "../../agent-link/client.ts";
import { OFFSET_HEADER } from "../../api/process.ts";
import { SentMemory } from "../../lib/own-memory.ts";
import { HttpRefusal } from "../server/refusals.ts";

/** The answer, unless it is a refusal: that is thrown, as the error that it says it is. */
export async function succeeded(answer: LinkResponse): Promise<LinkResponse> {
  if (answer.status >= 200 && answer.status <= 299) return answer;
  const error = await errorFrom(answer);
  throw answer.status === 416 ? new HttpRefusal(416, error.code, error.message, error) : error;
}

const passedStatuses: ReadonlySet<number> = new Set([200, 201, 204, 206]);

// A length that is not that of the body fails in HTTP/2 already.
const passedHeaders: readonly (readonly [string, RegExp])[] = [
  [OFFSET_HEADER, /^\d{1,16}$/],
  ["Content-Length", /^\d{1,16}$/],
  ["ETag", /^"[-0-9a-z.]{1,64}"$/],
  ["Content-Range", /^bytes \d{1,16}-\d{1,16}\/\d{1,16}$/],
];

/**
 * Sends an agent's answer on to the client, byte for byte and with backpressure. Of its head only what the API promises
 * passes: the sandbox has no say in types, cookies or caching. A body that breaks off cuts the client's connection, so
 * that nobody takes it for whole.
 */
export async function relay(answer: LinkResponse, contentType: string, response: ServerResponse): Promise<void> {
  // A body may have failed together with its head, before anybody could listen.
  if (answer.body.errored) throw answer.body.errored;
  response.statusCode = passedStatuses.has(answer.status) ? answer.status : 200;
  response.setHeader("Cache-Control", "no-store");
  for (const [name, form] of passedHeaders) {
    const value = answer.headers[name.toLowerCase()];
    if (typeof value === "string" && form.test(value)) response.setHeader(name, value);
    // What another answer said that broke off before it was begun, and whose place this one takes.
    else if (response.hasHeader(name)) response.removeHeader(name);
  }
  if (answer.status !== 204) response.setHeader("Content-Type", contentType);
  // Nothing follows, also where the agent's body has no end.
  if (answer.status === 204 || response.req.method === "HEAD") {
    answer.body.destroy();
    response.end();
    return;
  }
  await pipe(answer.body, response);
}

/** Octets on their way to the client beyond which the agent's stream waits. */
const aheadOctets = 256 << 10;

/** As what a shorter chunk counts then: each costs memory of its own. */
const leastOctets = 1 << 10;

/**
 * As `pipeline`, which takes a tenth of a millisecond to set up, with what comes in one turn of the event loop sent
 * together: head, frames and end of a short command are one segment then, and a system call each is most of what
 * relaying them costs.
 */
function pipe(body: Readable, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    let held: Buffer[] = [];
    let heldOctets = 0;
    let ahead = 0;
    const memory = new SentMemory();
    const sendHeld = () => {
      turn = undefined;
      // Followers learn at once that the stream is there, however long its first octet takes.
      if (held.length === 0) return response.flushHeaders();
      const [chunks, octets] = [held, heldOctets];
      writeTogether(response, chunks, () => {
        memory.sent(chunks);
        ahead -= octets;
        if (ahead < aheadOctets && body.isPaused()) body.resume();
      });
      [held, heldOctets] = [[], 0];
    };
    let turn: NodeJS.Immediate | undefined = setImmediate(sendHeld);
    body.on("data", (chunk: Buffer) => {
      const octets = Math.max(chunk.length, leastOctets);
      ahead += octets;
      if (ahead >= aheadOctets) body.pause();
      held.push(chunk);
      heldOctets += octets;
      turn ??= setImmediate(sendHeld);
    });
    body.once("end", () => {
      clearImmediate(turn);
      response.end(joined(held));
    });
    body.once("error", reject).once("close", () => clearImmediate(turn));
    response.once("close", () => {
      if (response.writableFinished) resolve();
      else reject(new SandkeepError("unavailable", "request", "The client went before the end of the reply"));
      body.destroy();
    });
  });
}

/** Up to here chunks are copied into one: that is cheaper than to write each. */
const copiedOctets = 16 << 10;

function writeTogether(response: ServerResponse, chunks: Buffer[], done: () => void): void {
  const octets = chunks.reduce((sum, { length }) => sum + length, 0);
  if (octets <= copiedOctets || chunks.length === 1) {
    response.write(joined(chunks), done);
    return;
  }
  response.cork();
  for (const [i, chunk] of chunks.entries()) response.write(chunk, i === chunks.length - 1 ? done : undefined);
  response.uncork();
}

function joined(chunks: Buffer[]): Buffer {
  const [first] = chunks;
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
}

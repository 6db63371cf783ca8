import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { LinkResponse } from "../../agent-link/link.ts";
import { SandkeepError } from "../../api/errors.ts";
import { errorFrom } from "../../agent-link/client.ts";
import { OFFSET_HEADER } from "../../api/process.ts";

/** The answer, unless it is a refusal: that is thrown, as the error that it says it is. */
export async function succeeded(answer: LinkResponse): Promise<LinkResponse> {
  if (answer.status >= 200 && answer.status <= 299) return answer;
  throw await errorFrom(answer);
}

/**
 * Sends an agent's answer on to the client, byte for byte and with backpressure. Of its head only what the API promises
 * passes: the sandbox has no say in types, cookies or caching. A body that breaks off cuts the client's connection, so
 * that nobody takes it for whole.
 */
export async function relay(answer: LinkResponse, contentType: string, response: ServerResponse): Promise<void> {
  response.statusCode = answer.status === 201 || answer.status === 204 ? answer.status : 200;
  response.setHeader("Cache-Control", "no-store");
  const offset = answer.headers[OFFSET_HEADER.toLowerCase()];
  if (typeof offset === "string" && /^\d{1,16}$/.test(offset)) response.setHeader(OFFSET_HEADER, offset);
  if (answer.status === 204) {
    answer.body.destroy();
    response.end();
    return;
  }
  response.setHeader("Content-Type", contentType);
  await pipe(answer.body, response);
}

/** Octets on their way to the client beyond which the agent's stream waits. */
const aheadOctets = 256 << 10;

/**
 * As `pipeline`, which takes a tenth of a millisecond to set up, with head, frames and end that arrive together sent in
 * one segment: a system call each is most of what relaying a short command costs. What is under way is counted here,
 * because a response that is corked at the wrong moment never emits `drain`.
 */
function pipe(body: Readable, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    let corked = false;
    const uncork = () => {
      corked = false;
      response.uncork();
    };
    let ahead = 0;
    body.on("data", (chunk: Buffer) => {
      if (!corked) {
        corked = true;
        response.cork();
        setImmediate(uncork);
      }
      ahead += chunk.length;
      if (ahead >= aheadOctets) body.pause();
      response.write(chunk, () => {
        ahead -= chunk.length;
        if (ahead < aheadOctets && body.isPaused()) body.resume();
      });
    });
    body.once("end", () => response.end());
    body.once("error", reject);
    response.once("close", () => {
      if (response.writableFinished) resolve();
      else reject(new SandkeepError("unavailable", "request", "The client went before the end of the reply"));
      body.destroy();
    });
    // Followers learn at once that the stream is there, however long its first octet takes.
    setImmediate(() => response.headersSent || response.flushHeaders());
  });
}

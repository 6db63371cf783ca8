import { randomBytes } from "node:crypto";
import type { Duplex, Readable } from "node:stream";
import { sleep } from "../../lib/sleep.ts";
import { limits } from "../limits.ts";
import { LinkError } from "../link-error.ts";
import type { LinkResponse } from "../link.ts";
import type { LinkTarget } from "../open.ts";
import { bulkOpens, bulkOpenSeconds, bulkStreams } from "../metrics.ts";
import { greeted } from "./greeting.ts";
import { receiveBody } from "./receive.ts";
import { sendBody } from "./send.ts";
import { Slots } from "./slots.ts";

export interface BulkOptions {
  /** Starts the agent with these arguments in an exec stream of its own. */
  open: (target: LinkTarget, args: string[], signal: AbortSignal) => Promise<Duplex>;
  /** Streams at once: for one sandbox, for all, and milliseconds that one waits for its turn. */
  perSandbox?: number;
  total?: number;
  waitMilliseconds?: number;
}

/** Sends a request over the link: throws the agent's refusal. What it has besides goes into its path and head. */
export type Ask = (more: {
  prefix: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}) => Promise<LinkResponse>;

const ticketHeader = "sandkeep-ticket";
const lengthHeader = "sandkeep-length";

/** Why a body cannot have a stream of its own, before any of it has moved: it can go over the link instead. */
export class NoStreamError extends Error {
  override readonly name = "NoStreamError";
}

/**
 * Moves large bodies over exec streams of their own, whose command line has nothing but a random ticket that is good for
 * one request on the link.
 */
export class Bulk {
  readonly #open: BulkOptions["open"];
  readonly #slots: Slots;

  constructor({ open, perSandbox = 4, total = 32, waitMilliseconds = 5_000 }: BulkOptions) {
    this.#open = open;
    this.#slots = new Slots({ perKey: perSandbox, total, waitMilliseconds });
  }

  /**
   * The agent's answer to a request, with its body from a stream of its own if the agent finds it large. The body fails
   * when it does not arrive whole. Throws the agent's refusal, or `NoStreamError`.
   */
  async download(target: LinkTarget, ask: Ask, signal: AbortSignal): Promise<LinkResponse> {
    const ticket = newTicket();
    const answer = await ask({ ...over(ticket), signal });
    if (answer.headers[ticketHeader] !== ticket) return answer;
    try {
      const stream = await this.#stream(target, "read", ticket, signal);
      const length = lengthOf(answer);
      const body = receiveBody(stream, length);
      stream.once("finish", () => closeSoon(stream));
      const headers = { ...answer.headers, ...(length !== undefined && { "content-length": String(length) }) };
      return { status: answer.status, headers, body };
    } finally {
      // All else comes over the stream.
      answer.body.destroy();
    }
  }

  /**
   * The agent's answer to a request whose body goes over a stream of its own. Nothing of the body is read before the agent
   * waits for it. Throws the agent's refusal, `NoStreamError`, or `LinkError` where the transfer broke.
   */
  async upload(target: LinkTarget, body: Readable, ask: Ask, signal: AbortSignal): Promise<LinkResponse> {
    const ticket = newTicket();
    const failed = new AbortController();
    const within = AbortSignal.any([signal, failed.signal]);
    try {
      const answer = ask({ ...over(ticket), signal: within });
      // An answer before there is a stream is a refusal.
      const stream = await Promise.race([this.#stream(target, "write", ticket, within), answer.then(unasked)]);
      const sending = sendBody(body, stream);
      // When the stream breaks, the agent may know better why.
      await Promise.race([answer, sending.catch(() => sleep(limits.lastWordsMilliseconds, within))]);
      const answered = await Promise.race([answer, sending.then(() => answer)]);
      closeSoon(stream);
      return answered;
    } catch (error) {
      failed.abort(error);
      signal.throwIfAborted();
      throw error;
    }
  }

  /** A stream whose agent has greeted. Its slot gets free when it has closed. */
  async #stream(target: LinkTarget, command: string, ticket: string, signal: AbortSignal): Promise<Duplex> {
    const deadline = AbortSignal.timeout(limits.openMilliseconds);
    let release: (() => void) | undefined;
    let stream: Duplex | undefined;
    const opened = bulkOpenSeconds.startTimer();
    try {
      release = await this.#slots.take(`${target.namespace}/${target.pod}`, signal);
      stream = await this.#open(target, [command, ticket], signal);
      bulkStreams.inc();
      stream.once("close", release).once("close", () => bulkStreams.dec());
      await greeted(stream, AbortSignal.any([signal, deadline]));
      opened();
      bulkOpens.inc({ result: "ok" });
      return stream;
    } catch (cause) {
      stream?.destroy();
      release?.();
      signal.throwIfAborted();
      bulkOpens.inc({ result: release ? "failed" : "busy" });
      throw new NoStreamError("Cannot open a stream for a large body", { cause });
    }
  }
}

function newTicket(): string {
  return randomBytes(16).toString("hex");
}

function over(ticket: string): { prefix: string; headers: Record<string, string> } {
  return { prefix: "/bulk", headers: { [ticketHeader]: ticket } };
}

function unasked(): never {
  throw new LinkError("The agent answered before it had the body");
}

function lengthOf({ headers }: LinkResponse): number | undefined {
  const length = headers[lengthHeader];
  return typeof length === "string" && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** Once everything has been said: the agent ends its side, and one that does not is cut off. */
function closeSoon(stream: Duplex): void {
  const late = setTimeout(() => stream.destroy(), limits.lastWordsMilliseconds);
  stream.once("close", () => clearTimeout(late));
  stream.resume();
}

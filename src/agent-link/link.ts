import { once } from "node:events";
import http2 from "node:http2";
import type { Duplex, Readable } from "node:stream";
import { cancel } from "./cancel.ts";
import { endOfStream } from "./end-of-stream.ts";
import { KeepAlive } from "./keep-alive.ts";
import { limits } from "./limits.ts";
import { LinkError } from "./link-error.ts";
import { linkResponseSeconds } from "./metrics.ts";
import { sendBody } from "./request-body.ts";
import { responseBody } from "./response-body.ts";
import { transportOf } from "./transport.ts";

export interface LinkRequest {
  method: string;
  /** Path and query, already escaped. */
  path: string;
  headers?: Record<string, string>;
  /** Streams are read with backpressure, to their end even if the request fails. */
  body?: string | Uint8Array | Readable;
  /** Milliseconds that the request asks the agent to wait before it answers. */
  waitMilliseconds?: number;
  /** Cancels the stream, at whatever point. It ends nothing inside the sandbox. */
  signal?: AbortSignal;
}

export interface LinkResponse {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Must be read or destroyed. Fails when the link breaks or the agent resets the stream. */
  body: Readable;
}

/** Where a link's end is told: once, with the reason unless it was closed from this side. */
export type CloseListener = (reason: LinkError | undefined) => void;

/**
 * An HTTP/2 client session with one agent over any byte stream. Many requests share it; it may break at any time, and
 * whatever runs in the sandbox survives that.
 */
export class Link implements AsyncDisposable {
  readonly #session: http2.ClientHttp2Session;
  readonly #name: string;
  readonly #closeListeners: CloseListener[] = [];
  #failure: LinkError | undefined;
  #streams = 0;
  #lastUsed = performance.now();

  private constructor(session: http2.ClientHttp2Session, name: string, keepAlive: KeepAlive) {
    this.#session = session;
    this.#name = name;
    keepAlive.start(session, (silence) => this.destroy(this.#error(`it was silent for ${silence} ms`)));
    session.on("error", (cause) => (this.#failure ??= this.#error("the connection failed", cause)));
    session.on("goaway", (code) => (this.#failure ??= this.#error(`it is going away (HTTP/2 code ${code})`)));
    session.once("close", () => {
      for (const told of this.#closeListeners) told(this.#failure);
    });
  }

  /** Resolves once the agent has spoken HTTP/2. Rejects with `LinkError`, and the stream is destroyed then. */
  static async over(stream: Duplex, name: string, signal?: AbortSignal): Promise<Link> {
    const keepAlive = new KeepAlive();
    const transport = transportOf(stream, () => keepAlive.heard());
    const session = http2.connect("http://agent", {
      createConnection: () => transport,
      settings: {
        enablePush: false,
        initialWindowSize: limits.windowOctets,
        maxHeaderListSize: limits.headerOctets,
        maxFrameSize: 64 << 10,
      },
      maxHeaderListPairs: limits.headerFields,
      maxSessionMemory: limits.sessionMegabytes,
      maxReservedRemoteStreams: 0,
    });
    const link = new Link(session, name, keepAlive);
    // Together with the settings: HTTP/2 begins with 64 KiB, and has no setting for it.
    session.once("connect", () => {
      if (!session.destroyed) session.setLocalWindowSize(limits.linkWindowOctets);
    });
    const deadline = AbortSignal.timeout(limits.openMilliseconds);
    try {
      await firstSettings(session, signal ? AbortSignal.any([signal, deadline]) : deadline);
    } catch (cause) {
      session.destroy();
      transport.destroy();
      signal?.throwIfAborted();
      if (deadline.aborted) throw link.#error(`it did not answer within ${limits.openMilliseconds} ms`, cause);
      throw link.#failure ?? link.#error("the connection ended before it answered", cause);
    }
    return link;
  }

  /** Requests under way. */
  get streams(): number {
    return this.#streams;
  }

  /** Milliseconds since the last request ended; 0 while one is under way. */
  get idleMilliseconds(): number {
    return this.#streams > 0 ? 0 : performance.now() - this.#lastUsed;
  }

  /** False once no request can be sent any more. */
  get open(): boolean {
    return this.#failure === undefined && !this.#session.closed && !this.#session.destroyed;
  }

  onClose(listener: CloseListener): void {
    this.#closeListeners.push(listener);
  }

  /**
   * Sends a request; resolves with the head of the response. Rejects with `LinkError` (`unavailable`: the link broke;
   * `deadline_exceeded`: no answer in time; `resource_exhausted`: too many under way) or with the signal's reason.
   */
  async request({ method, path, headers, body, waitMilliseconds, signal }: LinkRequest): Promise<LinkResponse> {
    signal?.throwIfAborted();
    if (!this.open) throw this.#failure ?? this.#error("the link is closed");
    if (this.#streams >= limits.streams)
      throw new LinkError(`Cannot reach the agent of ${this.#name}: ${this.#streams} requests are under way`, {
        code: "resource_exhausted",
      });
    const stream = this.#session.request({ ...headers, ":method": method, ":path": path });
    const aborted = () => cancel(stream);
    signal?.addEventListener("abort", aborted, { once: true });
    this.#streams += 1;
    stream.once("close", () => {
      this.#streams -= 1;
      this.#lastUsed = performance.now();
      signal?.removeEventListener("abort", aborted);
    });
    send(stream, body);
    return await this.#response(stream, (waitMilliseconds ?? 0) + limits.responseMilliseconds, signal);
  }

  /** Takes no more requests, lets those under way end, then closes. Never rejects: a link that breaks is closed too. */
  async close(): Promise<void> {
    if (this.#session.destroyed) return;
    // Not `once` of `node:events`, which rejects when the session fails first.
    const closed = new Promise<void>((resolve) => this.#session.once("close", resolve));
    this.#session.close();
    await closed;
  }

  /** Closes at once; requests under way fail. */
  destroy(reason?: LinkError): void {
    this.#failure ??= reason;
    this.#session.destroy(undefined, http2.constants.NGHTTP2_CANCEL);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  #response(stream: http2.ClientHttp2Stream, milliseconds: number, signal?: AbortSignal): Promise<LinkResponse> {
    const ended = endOfStream(stream);
    return new Promise((resolve, reject) => {
      const fail = (cause?: unknown) => {
        clearTimeout(late);
        const reset = `it reset the request (HTTP/2 code ${stream.rstCode})`;
        reject(signal?.aborted ? signal.reason : (this.#failure ?? this.#error(reset, cause)));
      };
      const late = setTimeout(() => {
        reject(this.#error(`no answer within ${milliseconds} ms`, undefined, "deadline_exceeded"));
        cancel(stream);
      }, milliseconds);
      const start = performance.now();
      // After the response errors reach the body's reader, when the stream closes.
      stream.on("error", fail);
      stream.once("close", fail);
      // No request asks for interim answers (1xx), and each costs as much as an answer.
      stream.once("headers", () => this.destroy(this.#error("it sent an interim answer")));
      stream.once("response", (head) => {
        clearTimeout(late);
        linkResponseSeconds.observe((performance.now() - start) / 1000);
        stream.off("close", fail);
        const broken = () => this.#failure ?? this.#error(`it reset the response (HTTP/2 code ${stream.rstCode})`);
        resolve({
          status: head[":status"] ?? 502,
          headers: head,
          body: responseBody(stream, this.#session, ended, broken),
        });
      });
    });
  }

  #error(what: string, cause?: unknown, code: "unavailable" | "deadline_exceeded" = "unavailable"): LinkError {
    return new LinkError(`Cannot reach the agent of ${this.#name}: ${what}`, { code, cause });
  }
}

async function firstSettings(session: http2.ClientHttp2Session, signal: AbortSignal): Promise<void> {
  const closed = new AbortController();
  session.once("close", () => closed.abort(new Error("closed")));
  await once(session, "remoteSettings", { signal: AbortSignal.any([signal, closed.signal]) });
}

function send(stream: http2.ClientHttp2Stream, body: LinkRequest["body"]): void {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) stream.end(body);
  else sendBody(body, stream);
}

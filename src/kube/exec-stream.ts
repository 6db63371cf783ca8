import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { WebSocket } from "ws";
import { apiError, ConnectionError, type Status } from "./api-error.ts";
import { frameHeadOctets, longFrameOctets, writeFrameHead } from "./exec-frame.ts";

export interface ExecStatus {
  /** Exit code; 128 + n for signals. */
  code: number;
  message?: string;
}

/** First byte of each frame: which stream the rest belongs to. */
const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;

/** Bytes of stdin in one frame; servers cut off connections with frames of some 30 MiB. */
const frameBytes = 256 * 1024;

/** Octets that wait for the reader; few, since it may be frames of an octet, which cost a hundred times as much. */
const readAheadBytes = 32 * 1024;

/** Characters of stderr that are kept: the last ones, where the reason for a failure stands. */
const stderrCharacters = 16 * 1024;

/**
 * A running command: what is written goes to its stdin, what is read comes from its stdout, and `end` closes its stdin
 * while its stdout goes on. Both directions wait for the slower side. Reading ends when the server closes the stream.
 * Destroying cuts the connection; the process inside sees the end of its stdin and is not killed.
 */
export class ExecStream extends Duplex {
  /**
   * How the command ended. Rejects with `ApiError` when it could not be run, and with `ConnectionError` when the
   * connection closed before the server said: then the command may be running still.
   */
  readonly status: Promise<ExecStatus>;
  readonly #socket: WebSocket;
  /** Below the WebSocket. */
  readonly #connection: Socket | undefined;
  readonly #subject: string;
  readonly #stderr = new StringDecoder("utf8");
  #stderrTail = "";
  #told = false;
  readonly #settle: { resolve: (status: ExecStatus) => void; reject: (error: unknown) => void };

  /** With the connection below the WebSocket, long frames go over it unmasked: to be given only where it is secure. */
  constructor(socket: WebSocket, subject: string, connection?: Socket) {
    super({ readableHighWaterMark: readAheadBytes, writableHighWaterMark: frameBytes });
    this.#socket = socket;
    this.#connection = connection;
    this.#subject = subject;
    const { promise, ...settle } = Promise.withResolvers<ExecStatus>();
    // A failure shows in the status and to whoever reads or writes; those who ask for neither need not handle it.
    promise.catch(() => {});
    this.on("error", () => {});
    this.status = promise;
    this.#settle = settle;
    socket.on("message", (frame: Buffer) => this.#receive(frame));
    socket.on("close", (code, reason) => this.#closed(code, reason.toString()));
    // An error is always followed by `close`.
    socket.on("error", (error) => this.#settle.reject(this.#broken(error.message, error)));
  }

  /** The last 16 Ki characters that the command wrote to stderr. */
  get stderr(): string {
    return this.#stderrTail;
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send([bytes], bytes.length, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const buffers = chunks.map(({ chunk }) => chunk);
    this.#send(
      buffers,
      buffers.reduce((sum, { length }) => sum + length, 0),
      done,
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.of(channel.close, channel.stdin), (error) => done(error));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#settle.reject(error ?? this.#broken("the stream was closed"));
    this.#socket.terminate();
    done(error);
  }

  /** What was written while a frame was under way goes out together, in as few frames as the limit allows. */
  #send(buffers: Buffer[], length: number, done: (error?: Error | null) => void): void {
    const room = takeFrame(length);
    const frame = room.subarray(0, frameHeadOctets + 1 + Math.min(length, frameBytes));
    const message = frame.subarray(frameHeadOctets);
    message[0] = channel.stdin;
    const rest = fill(message.subarray(1), buffers);
    const sent = (error?: Error | null) => {
      giveBack(room);
      if (error || rest.length === 0) done(error);
      else this.#send(rest, length - message.length + 1, done);
    };
    if (this.#connection === undefined || message.length < longFrameOctets) return this.#socket.send(message, sent);
    // In one piece with its head: TLS would copy two pieces into one.
    writeFrameHead(frame);
    this.#connection.write(frame, sent);
  }

  #receive(frame: Buffer): void {
    // The server opens each stream with an empty frame.
    if (frame.length < 2) return;
    const bytes = frame.subarray(1);
    if (frame[0] === channel.stdout) {
      if (!this.push(bytes)) this.#socket.pause();
    } else if (frame[0] === channel.stderr) {
      this.#stderrTail = (this.#stderrTail + this.#stderr.write(bytes)).slice(-stderrCharacters);
    } else if (frame[0] === channel.status) {
      this.#ended(bytes.toString("utf8"));
    }
  }

  #ended(text: string): void {
    this.#told = true;
    const code = exitCode(text);
    if (code instanceof Error) this.#settle.reject(code);
    else this.#settle.resolve(code);
  }

  /** A clean end only if the server told the status: else what was read may not be all there is. */
  #closed(code: number, reason: string): void {
    const broken = this.#broken(`code ${code}${reason && `, ${reason}`}`);
    this.#settle.reject(broken);
    if (!this.#told) {
      this.destroy(broken);
      return;
    }
    this.push(null);
    this.once("end", () => this.destroy());
  }

  #broken(why: string, cause?: unknown): ConnectionError {
    return new ConnectionError(`Cannot tell how the ${this.#subject} ended: the connection closed (${why})`, { cause });
  }
}

/** Copies the beginning of what there is, as much as fits, and gives the rest. */
function fill(frame: Buffer, buffers: Buffer[]): Buffer[] {
  let at = 0;
  for (const [i, bytes] of buffers.entries()) {
    const copied = bytes.copy(frame, at);
    at += copied;
    if (copied < bytes.length) return [bytes.subarray(copied), ...buffers.slice(i + 1)];
  }
  return [];
}

/**
 * Frames of full size that were sent. A new one each time would be garbage outside of the heap, of which so much comes
 * together during an upload that collecting it takes more than sending.
 */
const spareFrames: Buffer[] = [];
const maxSpareFrames = 8;
const fullFrameOctets = frameHeadOctets + 1 + frameBytes;

function takeFrame(length: number): Buffer {
  if (length < frameBytes / 4) return Buffer.allocUnsafe(frameHeadOctets + 1 + length);
  return spareFrames.pop() ?? Buffer.allocUnsafeSlow(fullFrameOctets);
}

function giveBack(frame: Buffer): void {
  if (frame.length === fullFrameOctets && spareFrames.length < maxSpareFrames) spareFrames.push(frame);
}

/** Reads the status frame, a `metav1.Status`. */
function exitCode(text: string): ExecStatus | Error {
  let status: Status;
  try {
    status = JSON.parse(text) as Status;
  } catch (cause) {
    return new ConnectionError(`Cannot read the status of an exec: ${JSON.stringify(text.slice(0, 200))}`, { cause });
  }
  if (status.status === "Success") return { code: 0 };
  const cause = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
  if (status.reason !== "NonZeroExitCode" || cause === undefined) return apiError("exec", status.code ?? 500, text);
  return { code: Number(cause.message), ...(status.message !== undefined && { message: status.message }) };
}

import type { Exec, ExecFrame, ProcessExit } from "../../api/process.ts";
import { backoff } from "../../lib/backoff.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import { sleep } from "../../lib/sleep.ts";
import { fromBase64 } from "../base64.ts";
import type { Gateway } from "../http/gateway.ts";
import { linesOf } from "../http/lines.ts";
import { ConnectionError, type TransportReply } from "../http/transport.ts";
import { waitForExit } from "./exit.ts";
import { Output } from "./output.ts";

/** What is asked of a sandbox to start a process: its id makes a repeated request start it once. */
export type ExecRequest = Exec & { id: string };

type Frames = AsyncIterator<string, void, void>;

const delays = { first: 100, most: 2_000 };
/** How often the first word of a reply may be missing. */
const mostAttempts = 10;

/**
 * A process that was started, with what it writes and how it ends: from the reply that started it as long as that is read, and
 * asked for by offset when it breaks off or a stream of it is left unread.
 */
export class Execution {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly #gateway: Gateway;
  readonly #path: string;
  readonly #reply: TransportReply;
  /** How it ended, as the reply that started it tells; undefined when that was given up before. */
  readonly told: Promise<ProcessExit | undefined>;
  readonly #told = Promise.withResolvers<ProcessExit | undefined>();
  #waiting = 0;

  private constructor(gateway: Gateway, path: string, reply: TransportReply, signal: AbortSignal | undefined) {
    const wait = (waiting: boolean) => this.#wait(waiting);
    this.#gateway = gateway;
    this.#path = path;
    this.#reply = reply;
    this.told = this.#told.promise;
    this.stdout = new Output({ gateway, path: `${path}/stdout`, signal }, "together", wait);
    this.stderr = new Output({ gateway, path: `${path}/stderr`, signal }, "together", wait);
  }

  /** Resolves once the process runs. `sandbox` is the sandbox's path. Rejects with why it could not be started. */
  static async start(
    gateway: Gateway,
    sandbox: string,
    request: ExecRequest,
    signal?: AbortSignal,
  ): Promise<Execution> {
    const operation = { method: "POST", path: `${sandbox}/exec`, json: request, repeatable: true, signal } as const;
    for (let attempt = 0; ; attempt++) {
      const reply = await gateway.open(operation);
      const frames = linesOf(reply.body);
      try {
        const first = await frames.next();
        if (first.done === true) throw new ConnectionError("The reply ended before it said that the process runs");
        const execution = new Execution(gateway, `${sandbox}/processes/${request.id}`, reply, signal);
        execution.#wait(undefined);
        void execution.#receive(frames);
        return execution;
      } catch (error) {
        if (!(error instanceof ConnectionError) || attempt >= mostAttempts) throw error;
      }
      await sleep(backoff(attempt, delays), signal);
    }
  }

  /** Resolves with how the process ended. */
  async exit(signal?: AbortSignal): Promise<ProcessExit> {
    this.#wait(true);
    try {
      const told = await orAborted(this.#told.promise, signal);
      return told ?? (await waitForExit(this.#gateway, this.#path, signal));
    } finally {
      this.#wait(false);
    }
  }

  async #receive(frames: Frames): Promise<void> {
    const outputs = { stdout: this.stdout, stderr: this.stderr };
    let left: "alone" | "ended" = "alone";
    try {
      for (let line = await frames.next(); line.done !== true; line = await frames.next()) {
        const frame = JSON.parse(line.value) as ExecFrame;
        if ("exit" in frame) {
          left = "ended";
          this.#told.resolve(frame.exit);
        } else if ("stream" in frame && !outputs[frame.stream].push(frame.offset, fromBase64(frame.data))) break;
      }
    } catch {
      // Whatever ended it: the streams say so themselves when they cannot be read on.
    }
    this.#told.resolve(undefined);
    await Promise.all([this.stdout.finish(left), this.stderr.finish(left)]);
    await frames.return?.();
  }

  /** The reply keeps the program alive only while somebody waits for what comes of it. */
  #wait(begins: boolean | undefined): void {
    if (begins !== undefined) this.#waiting += begins ? 1 : -1;
    this.#reply.keepAlive?.(this.#waiting > 0);
  }
}

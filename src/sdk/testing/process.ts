import type { Process, ProcessExit, Stdin } from "../../api/process.ts";
import { collect } from "../http/collect.ts";
import { OctetLog } from "./octet-log.ts";
import { refused } from "./replies.ts";
import type { MockContext, MockResult } from "./types.ts";

/** Signals by name, as Linux numbers them. */
export const signals: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Thrown by a program that ends by a signal. */
export class Signalled extends Error {
  readonly signal: string;

  constructor(signal: string) {
    super(signal);
    this.signal = signal;
  }
}

export interface ProcessStart {
  id: string;
  sandboxId: string;
  command: readonly string[];
  env: Readonly<Record<string, string>>;
  workdir: string;
  tty: boolean;
  timeoutMilliseconds?: number | undefined;
  run: (context: MockContext) => Promise<MockResult>;
  /** All of its input, unless it comes later. */
  input: Uint8Array | undefined;
}

/** A process: what it runs, what it has written and been given, and how it ended. */
export class MockProcess {
  readonly id: string;
  readonly stdout = new OctetLog();
  readonly stderr = new OctetLog();
  /** Resolves once it has ended. */
  readonly ended: Promise<ProcessExit>;
  readonly #command: readonly string[];
  readonly #stdin = new OctetLog();
  /** How many octets of the input are of which writer. */
  readonly #sent = new Map<string, number>();
  readonly #startedAt = new Date().toISOString();
  readonly #killed = new AbortController();
  readonly #end: (exit: ProcessExit) => void;
  #exit: ProcessExit | undefined;

  constructor(start: ProcessStart) {
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    this.id = start.id;
    this.ended = promise;
    this.#end = resolve;
    this.#command = start.command;
    if (start.input !== undefined) {
      this.#stdin.append(start.input);
      this.#stdin.close();
    }
    const { timeoutMilliseconds } = start;
    const timer =
      timeoutMilliseconds === undefined ? undefined : setTimeout(() => this.kill("SIGKILL", true), timeoutMilliseconds);
    void promise.then(() => clearTimeout(timer));
    void this.#run(start);
  }

  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  /** No-op once it has ended. */
  kill(signal: string, timedOut = false): void {
    this.#finish({ code: 128 + (signals[signal] ?? 0), signal, timedOut });
  }

  /**
   * Gives it input at an offset of the stream, or of what a writer has sent: what it has already is left out. Throws for a gap,
   * and once it has ended.
   */
  put({ offset, writer }: { offset: number; writer: string | null }, octets: Uint8Array, eof: boolean): Stdin {
    const { length, closed } = this.#stdin;
    const had = writer === null ? length : (this.#sent.get(writer) ?? 0);
    if (offset > had)
      throw refused("conflict", "process", `Input goes on at ${had}, not at ${offset}`, { offset: had });
    const missing = octets.subarray(had - offset);
    if (this.#exit !== undefined || (closed && missing.length > 0))
      throw refused("failed_precondition", "process", `Process "${this.id}" takes no more input`);
    this.#stdin.append(missing);
    if (writer !== null) this.#sent.set(writer, had + missing.length);
    if (eof) this.#stdin.close();
    return { offset: had + missing.length, closed: this.#stdin.closed };
  }

  view(): Process {
    return {
      id: this.id,
      command: [...this.#command],
      state: this.#exit === undefined ? "running" : "exited",
      startedAt: this.#startedAt,
      ...(this.#exit && { exit: this.#exit }),
      stdin: this.#input(),
    };
  }

  async #run({ sandboxId, env, workdir, tty, run }: ProcessStart): Promise<void> {
    const write = (stream: "stdout" | "stderr", data: string | Uint8Array = "") =>
      this[tty ? "stdout" : stream].append(encoded(data, tty));
    const stdin = this.#stdin.from(0);
    const { signal } = this.#killed;
    const readStdin = async () => new TextDecoder().decode(await collect(stdin));
    try {
      const result = await run({ sandboxId, env, workdir, stdin, readStdin, write, signal });
      write("stdout", result.stdout);
      write("stderr", result.stderr);
      this.#finish({ code: result.exitCode ?? 0, signal: null, timedOut: false });
    } catch (error) {
      if (error instanceof Signalled) return this.kill(error.signal);
      write("stderr", `${String(error)}\n`);
      this.#finish({ code: 1, signal: null, timedOut: false });
    }
  }

  #finish(exit: ProcessExit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    this.stdout.close();
    this.stderr.close();
    this.#killed.abort(new Signalled(exit.signal ?? "SIGKILL"));
    this.#end(exit);
  }

  #input(): Stdin {
    return { offset: this.#stdin.length, closed: this.#stdin.closed };
  }
}

/** A terminal ends lines with a carriage return as well. */
function encoded(data: string | Uint8Array, tty: boolean): Uint8Array {
  if (typeof data !== "string") return data;
  return new TextEncoder().encode(tty ? data.replaceAll("\n", "\r\n") : data);
}

import type { ProcessExit } from "../../api/process.ts";
import { NotFoundError } from "../errors.ts";
import type { Gateway } from "../http/gateway.ts";
import { SandkeepReadStream } from "../streams/read-stream.ts";
import { SandkeepWriteStream } from "../streams/write-stream.ts";
import type { Chunks } from "../streams/chunks.ts";
import { exitWithin } from "./exit.ts";
import { kill } from "./kill.ts";
import type { Output } from "./output.ts";
import { StdinSink } from "./stdin.ts";

/** @internal Where a process is, and what is known of it already. */
export interface ProcessParts<R> {
  gateway: Gateway;
  id: string;
  /** Below the namespace. */
  path: string;
  stdout: Output | undefined;
  stderr: Output | undefined;
  chunks: () => Chunks<R>;
  exit: (signal?: AbortSignal) => Promise<ProcessExit>;
  /** Told once it is known to have ended. */
  onExit?: () => void;
  signal?: AbortSignal | undefined;
}

/** Size of a terminal, in characters. */
export interface TerminalSize {
  rows: number;
  columns: number;
}

/** What every wait takes. */
export interface WaitParams {
  /** Stops waiting; what is waited for goes on. */
  signal?: AbortSignal | undefined;
}

/** A process in a sandbox. It goes on when the program that started it ends. */
export class ContainerProcess<R extends string | Uint8Array = string> {
  /** Its id in the sandbox, for `sandbox.attach`. */
  readonly processId: string;
  /** Its standard input. Closed, the process reads the end of its input. */
  readonly stdin: SandkeepWriteStream<R>;
  /** Its standard output; that of a terminal has both. Empty when it was to be ignored. */
  readonly stdout: SandkeepReadStream<R>;
  /** Its standard error. */
  readonly stderr: SandkeepReadStream<R>;
  readonly #parts: ProcessParts<R>;
  #exit: ProcessExit | undefined;

  /** @internal */
  constructor(parts: ProcessParts<R>) {
    const { gateway, id, path, stdout, stderr, chunks, signal } = parts;
    this.processId = id;
    this.stdin = new SandkeepWriteStream(new StdinSink(gateway, path, signal));
    this.stdout = new SandkeepReadStream(stdout ?? nothing(), chunks());
    this.stderr = new SandkeepReadStream(stderr ?? nothing(), chunks());
    this.#parts = parts;
  }

  /** Waits for its end; resolves with its exit code, 128+n if signal n ended it: 137 after its timeout. */
  async wait({ signal }: WaitParams = {}): Promise<number> {
    const { code } = this.#exit ?? this.#ended(await this.#parts.exit(signal));
    return code;
  }

  /** Its exit code, or null while it runs. */
  async poll({ signal }: WaitParams = {}): Promise<number | null> {
    const exit = this.#exit ?? (await exitWithin(this.#parts.gateway, this.#parts.path, 0, signal));
    return exit === undefined ? null : this.#ended(exit).code;
  }

  /** Its exit code, once `wait` or `poll` has seen it; null before. */
  get returncode(): number | null {
    return this.#exit?.code ?? null;
  }

  /** How many octets of stdout and stderr nobody read in time, so that they are gone: a stream keeps its last 64 MiB. */
  get lostOctets(): { stdout: number; stderr: number } {
    return { stdout: this.#parts.stdout?.lost ?? 0, stderr: this.#parts.stderr?.lost ?? 0 };
  }

  /** Sends a signal to it and its children; no-op once it has ended. */
  kill(name = "SIGKILL", { signal }: WaitParams = {}): Promise<void> {
    const { gateway, path } = this.#parts;
    return kill(gateway, path, name, { signal });
  }

  /** Changes the size of its terminal. */
  resize({ rows, columns }: TerminalSize, { signal }: WaitParams = {}): Promise<void> {
    const { gateway, path } = this.#parts;
    const json = { rows, columns };
    return gateway.run({
      method: "POST",
      path: `${path}/resize`,
      json,
      repeatable: true,
      answersWithin: 5_000,
      signal,
    });
  }

  /** Closes its standard input, also after a write has failed. */
  closeStdin(): Promise<void> {
    const { gateway, path } = this.#parts;
    return new StdinSink(gateway, path).close();
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.returncode !== null) return;
    try {
      await this.kill();
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }

  #ended(exit: ProcessExit): ProcessExit {
    this.#exit = exit;
    this.#parts.onExit?.();
    return exit;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, void> {}

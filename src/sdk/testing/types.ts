/** What a program is given. */
export interface MockContext {
  sandboxId: string;
  /** Its variables: those of the sandbox, and its own. */
  env: Readonly<Record<string, string>>;
  workdir: string;
  /** Its input as it comes. */
  stdin: AsyncIterable<Uint8Array>;
  /** All of its input, as text, once it is closed. */
  readStdin: () => Promise<string>;
  /** Writes before it ends. */
  write: (stream: "stdout" | "stderr", data: string | Uint8Array) => void;
  /** Aborted when it is killed. */
  signal: AbortSignal;
}

/** What a program has written when it ends, and its exit code: 0 unless it says otherwise. */
export interface MockResult {
  stdout?: string | Uint8Array;
  stderr?: string | Uint8Array;
  exitCode?: number;
}

/** Runs a command. What it throws is written to its standard error, and its exit code is 1. */
export type MockProgram = (
  command: readonly string[],
  context: MockContext,
) => MockResult | undefined | void | Promise<MockResult | undefined | void>;

/** What is there from the beginning. */
export interface MockParams {
  /** What sandboxes can run besides the mock's own programs, by the name that commands begin with; `*` is for all others. */
  programs?: Readonly<Record<string, MockProgram>>;
  /** Secrets of the namespace. */
  secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

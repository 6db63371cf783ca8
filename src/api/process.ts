import { z } from "zod";
import { ENTRYPOINT_PROCESS, MERGED_STREAMS, OFFSET_HEADER, STREAMS_HEADER } from "./constants.ts";
import { listOf } from "./schema/collection.ts";
import { characters, MAX_COMMAND_LENGTH, words } from "./schema/command.ts";
import { environmentSchema } from "./schema/env.ts";
import { objectName } from "./schema/name.ts";
import { absolutePath } from "./schema/path.ts";
import { milliseconds, timestamp } from "./schema/time.ts";
import { isText, notText } from "./schema/text.ts";

export { ENTRYPOINT_PROCESS, MERGED_STREAMS, OFFSET_HEADER, STREAMS_HEADER };

/** Id of a process within its sandbox; `entrypoint` is the one that the sandbox was created to run. */
export const processId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "must be letters, digits, '.', '_' and '-', at most 63");

const rows = z.int().min(1).max(65_535).describe("Lines.");
const columns = z.int().min(1).max(65_535).describe("Characters per line.");

/** Size of a terminal, in characters. */
export const terminalSizeSchema = z.strictObject({ rows, columns });
export type TerminalSize = z.infer<typeof terminalSizeSchema>;

/** The size of a new terminal: 24 rows of 80 columns unless it says otherwise. */
const newTerminal = z.strictObject({ rows: rows.default(24), columns: columns.default(80) });

const command = words
  .min(1)
  .refine(
    (parts) => characters(parts) <= MAX_COMMAND_LENGTH,
    `must not exceed ${MAX_COMMAND_LENGTH} characters together`,
  )
  .refine((parts) => parts.every(isText), notText);

/** What a process is started with. Starting the same id with the same request again answers the process there is. */
export const startProcessSchema = z.strictObject({
  id: processId
    .refine((id) => id !== ENTRYPOINT_PROCESS, `"${ENTRYPOINT_PROCESS}" is the sandbox's own process`)
    .exactOptional()
    .describe("Chosen by the client, so that a retry starts nothing twice; made up when missing."),
  command: command.describe("The program and its arguments. No shell."),
  env: environmentSchema.exactOptional().describe("Environment variables, besides the sandbox's own."),
  workdir: absolutePath
    .refine(isText, notText)
    .exactOptional()
    .describe("Where it starts; must exist. The sandbox's by default."),
  timeoutMilliseconds: milliseconds(1, 86_400_000).exactOptional().describe("It is killed after this long."),
  tty: newTerminal.exactOptional().describe("Gives it a terminal of this size; output is merged into stdout."),
  secrets: listOf(objectName, 64)
    .exactOptional()
    .describe(
      "Secrets in the namespace: each of their entries becomes a variable. Later Secrets win over earlier ones, secretValues and env over all.",
    ),
  secretValues: environmentSchema
    .exactOptional()
    .describe("Variables as in env, which wins, kept apart by clients that treat them as secret. Never stored."),
});
export type StartProcess = z.infer<typeof startProcessSchema>;

/** The body of `exec`: a process to start, and all its input. */
export const execSchema = startProcessSchema.extend({
  stdin: z.base64().exactOptional().describe("All of its standard input, in base64; without it, none."),
  stdinOpen: z.literal(true).exactOptional().describe("Leave standard input open, for PUT …/stdin. Excludes stdin."),
});
export type Exec = z.infer<typeof execSchema>;

/** How a process ended. */
export const processExitSchema = z.object({
  code: z.int().describe("Its exit code; 128+n when signal n ended it."),
  signal: z.string().nullable().exactOptional().describe("The signal that ended it, such as SIGKILL."),
  timedOut: z.boolean().describe("Whether its own timeout ended it; of the entrypoint, that of the sandbox."),
});
export type ProcessExit = z.infer<typeof processExitSchema>;

const output = z.object({
  start: z.int().min(0).describe("Offset of the oldest byte still there."),
  end: z.int().min(0).describe("Offset after the newest byte."),
  closed: z.boolean().describe("Whether no more will come."),
});

/** Where a process's standard input stands. */
export const stdinSchema = z.object({
  offset: z.int().min(0).describe("Where the next byte goes."),
  closed: z.boolean().describe("Whether it has been closed."),
});
export type Stdin = z.infer<typeof stdinSchema>;

/** A process in a sandbox, as the agent and the gateway show it. */
export const processSchema = z.object({
  id: z.string(),
  command: z.array(z.string()),
  state: z.enum(["running", "exited"]),
  pid: z
    .int()
    .exactOptional()
    .describe(
      "Its process id inside the sandbox. Of a sandbox that has finished, neither this nor the streams are known.",
    ),
  startedAt: timestamp,
  exitedAt: timestamp.exactOptional(),
  exit: processExitSchema.exactOptional().describe("Once it has exited."),
  stdout: output.exactOptional(),
  stderr: output.exactOptional(),
  stdin: stdinSchema.exactOptional(),
});
export type Process = z.infer<typeof processSchema>;

/** The signal to send. */
export const signalSchema = z.strictObject({
  signal: z
    .string()
    .regex(/^SIG[A-Z0-9+]{2,12}$/, 'must be the name of a signal, such as "SIGTERM"')
    .describe("Its name, such as SIGTERM."),
});
export type Signal = z.infer<typeof signalSchema>;

/** One line of the NDJSON reply of `exec`: first the process, then output as it comes, last how it ended. */
export const execFrameSchema = z.union([
  z.object({ process: z.string() }),
  z.object({
    stream: z.enum(["stdout", "stderr"]),
    offset: z.int().min(0).describe("Where data begins in the stream."),
    data: z.string().describe("Bytes, in base64."),
  }),
  z.object({ exit: processExitSchema }),
]);
export type ExecFrame = z.infer<typeof execFrameSchema>;

import {
  destination,
  pino,
  stdSerializers,
  stdTimeFunctions,
  type DestinationStream,
  type Logger,
  type LoggerOptions,
} from "pino";

export type Log = Logger;

/** Values under these names never reach a log line, at the top of the fields or one object below. */
const secretFields = new Set([
  "authorization",
  "token",
  "password",
  "env",
  "data",
  "stdin",
  "secretValues",
  "secretEnv",
]);

/** JSON lines with RFC 3339 times, level from `SANDKEEP_LOG_LEVEL` (default `info`); `error` shows stack and causes. */
export const logOptions: LoggerOptions = {
  level: process.env["SANDKEEP_LOG_LEVEL"] ?? "info",
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }), log: (fields) => hideSecrets(fields, 1) },
  serializers: { error: (error: Error) => hideSecrets({ ...stdSerializers.err(error) }, 0) },
};

/** Pino's own redaction costs more than all the rest of a line. */
function hideSecrets(fields: Record<string, unknown>, below: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (secretFields.has(name) && value !== undefined) shown[name] = "[hidden]";
    else shown[name] = below > 0 && isPlainObject(value) ? hideSecrets(value, below - 1) : value;
  }
  return shown;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** The root logger, on standard output: at most 20 ms late, which SIGKILL loses, and at once when the process exits or throws. */
export const log: Log = pino(logOptions, together(destination({ sync: false, minLength: 8 << 10 }), 20));

/** What `together` needs of pino's destination. */
export interface LineOutput {
  write(line: string): unknown;
  /** Does nothing while a write is under way. */
  flush(): void;
  on(event: "write", listener: (octets: number) => void): unknown;
  on(event: "drain", listener: () => void): unknown;
}

/**
 * Writes the lines of some milliseconds in one go: a write each, which another thread does, costs a busy gateway more than
 * making the line. Pino empties the buffer when the process exits.
 */
export function together(output: LineOutput, milliseconds: number): DestinationStream {
  let timer: NodeJS.Timeout | undefined;
  let unwritten = 0;
  const flush = () => {
    timer = undefined;
    output.flush();
  };
  const flushSoon = () => {
    timer ??= setTimeout(flush, milliseconds).unref();
  };
  output.on("write", (octets) => void (unwritten -= octets));
  output.on("drain", () => unwritten > 0 && flushSoon());
  return {
    write(line) {
      unwritten += Buffer.byteLength(line);
      output.write(line);
      flushSoon();
    },
  };
}

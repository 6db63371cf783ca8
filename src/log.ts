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
const secretFields = ["authorization", "token", "password", "env", "data", "stdin", "secretValues"];

/** JSON lines with RFC 3339 times, level from `SANDKEEP_LOG_LEVEL` (default `info`); `error` shows stack and causes. */
export const logOptions: LoggerOptions = {
  level: process.env["SANDKEEP_LOG_LEVEL"] ?? "info",
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
  serializers: { error: stdSerializers.err },
  redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: "[hidden]" },
};

/** The root logger, on standard output: at most 20 ms late, which SIGKILL loses, and at once when the process exits or throws. */
export const log: Log = pino(logOptions, together(destination({ sync: false, minLength: 8 << 10 }), 20));

/**
 * Writes the lines of some milliseconds in one go: a write each, which another thread does, costs a busy gateway more than
 * making the line. Pino empties the buffer when the process exits.
 */
function together(output: ReturnType<typeof destination>, milliseconds: number): DestinationStream {
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    timer = undefined;
    output.flush();
  };
  return {
    write(line) {
      output.write(line);
      timer ??= setTimeout(flush, milliseconds).unref();
    },
  };
}

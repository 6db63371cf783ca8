import { pino, stdSerializers, stdTimeFunctions, type Logger, type LoggerOptions } from "pino";

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

/** The root logger, on standard output. */
export const log: Log = pino(logOptions);

import { pino, stdTimeFunctions, type Logger } from "pino";

export type Log = Logger;

/** Values under these names never reach a log line, at the top of the fields or one object below. */
const secretFields = ["authorization", "token", "password", "env", "data", "stdin", "secretValues"];

/** The root logger: JSON lines on standard output, RFC 3339 times, level from `SANDKEEP_LOG_LEVEL` (default `info`). */
export const log: Log = pino({
  level: process.env["SANDKEEP_LOG_LEVEL"] ?? "info",
  base: null,
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: (level) => ({ level }) },
  redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: "[hidden]" },
});

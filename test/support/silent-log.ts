import { pino } from "pino";
import type { Log } from "../../src/log.ts";

/** For failures that a test provokes. */
export const silentLog: Log = pino({ level: "silent" });

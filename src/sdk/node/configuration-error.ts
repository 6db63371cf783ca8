import type { ErrorCode } from "../../api/errors.ts";
import { errorFrom, InvalidError, NotSupportedError, type SandkeepError } from "../errors.ts";

/** What the user has set up cannot work; the message says what to do. */
export function misconfigured(message: string, cause?: unknown): InvalidError {
  return new InvalidError("invalid_argument", "request", message, cause === undefined ? {} : { cause });
}

/** What the user has set up asks for something that the SDK cannot do. */
export function unsupported(message: string): NotSupportedError {
  return new NotSupportedError("not_supported", "request", message);
}

/** What was refused, in other words. */
export function refused(code: ErrorCode, message: string, cause?: unknown): SandkeepError {
  return Object.assign(errorFrom({ code, resource: "request", message }), cause === undefined ? {} : { cause });
}

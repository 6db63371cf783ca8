import { SandkeepError } from "../api/errors.ts";

/** Why an agent cannot be reached or did not answer as agreed; retryable, since links are only caches. */
export class LinkError extends SandkeepError {
  override readonly name = "LinkError";

  constructor(
    message: string,
    options: { code?: "unavailable" | "deadline_exceeded" | "resource_exhausted"; cause?: unknown } = {},
  ) {
    super(options.code ?? "unavailable", "sandbox", message, options);
  }
}

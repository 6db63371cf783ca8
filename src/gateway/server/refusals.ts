import { SandkeepError, type ErrorCode, type ErrorResource } from "../../api/errors.ts";
import { errorResourceOf } from "../error-resource.ts";
import { isApiError, type ApiError, ConnectionError } from "../../kube/api-error.ts";

/** A refusal for which HTTP has a status of its own beside the code's. */
export class HttpRefusal extends SandkeepError {
  readonly #status: number;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    { resource = "request", details }: { resource?: ErrorResource; details?: Record<string, unknown> | undefined } = {},
  ) {
    super(code, resource, message, details === undefined ? {} : { details });
    this.#status = status;
  }

  override get status(): number {
    return this.#status;
  }
}

/** What any error thrown while serving a request is to the client. Unknown ones keep their details to the log. */
export function asRefusal(error: unknown): SandkeepError {
  if (error instanceof SandkeepError) return error;
  if (isApiError(error)) return fromApiServer(error);
  if (error instanceof ConnectionError)
    return new SandkeepError("unavailable", "request", "Cannot reach the Kubernetes API server; try again", {
      cause: error,
    });
  if (error instanceof URIError)
    return new HttpRefusal(400, "invalid_argument", "Cannot read the path: bad percent-encoding");
  return new SandkeepError("internal", "request", "An error in the gateway; its log has more", { cause: error });
}

/** The API server speaks for itself, except about the gateway's own account: that is not the client's doing. */
function fromApiServer(error: ApiError): SandkeepError {
  const { message, status } = error;
  const resource = errorResourceOf(error.details.kind);
  const causes = error.details.causes?.map(({ field, message }) => ({ field, message }));
  const details = { ...(causes && { causes }) };
  const refuse = (code: ErrorCode, text = message) =>
    new SandkeepError(code, resource, text, { ...(causes && { details }), cause: error });

  if (status === 403 && /exceeded quota/.test(message)) return refuse("resource_exhausted");
  // A quota that is so new that nobody has counted yet.
  if (status === 403 && /status unknown for quota/.test(message)) return refuse("unavailable");
  if (status === 403 && /being terminated/.test(message)) return refuse("failed_precondition");
  // An API server that has just started knows no rights yet, so this may be over in a moment.
  if (status === 403 && /\bUser "[^"]*" cannot\b/.test(message))
    return refuse("unavailable", "The API server allows the gateway's own account too little; its log says what");
  if (status === 403) return refuse("permission_denied");
  if (status === 404) return refuse("not_found");
  if (status === 409) return refuse(error.reason === "AlreadyExists" ? "already_exists" : "conflict");
  if (status === 410) return refuse("invalid_argument", "The cursor is too old: list again from the start");
  if (status === 429) return refuse("resource_exhausted");
  if (status === 400 || status === 413 || status === 422) return refuse("invalid_argument");
  return refuse("unavailable", "The Kubernetes API server could not answer; try again");
}

/** `metav1.Status`, what the API server answers when it refuses. */
export interface Status {
  status?: string;
  code?: number;
  reason?: string;
  message?: string;
  details?: StatusDetails;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}

/** The API server refused. `message` is the server's own, which names the object and why. */
export class ApiError extends Error {
  override name = "ApiError";
  /** HTTP status. */
  readonly status: number;
  /** `metav1.StatusReason`, as `NotFound`; empty where whoever answered was not the API server. */
  readonly reason: string;
  readonly details: StatusDetails;
  /** What was asked, as `GET /api/v1/pods`. */
  readonly request: string;

  constructor(request: string, httpStatus: number, body: Status) {
    super(body.message ?? `${request} was answered with HTTP status ${httpStatus}`);
    this.request = request;
    this.status = httpStatus;
    this.reason = body.reason ?? "";
    this.details = body.details ?? {};
  }
}

/** The API server could not be reached, or the connection broke before the whole answer had come. */
export class ConnectionError extends Error {
  override name = "ConnectionError";
}

/**
 * Not even a bookmark came on a watch: its connection is dead, or its version lies in the server's future, as after a
 * restored backup, and nothing will come ever.
 */
export class SilentWatchError extends ConnectionError {
  override name = "SilentWatchError";
}

/** Reads a refusal's body, whatever it is, as an error. */
export function apiError(request: string, httpStatus: number, body: string): ApiError {
  return new ApiError(request, httpStatus, parseStatus(body));
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof ApiError;
}

/** There is no such object, or no such resource. */
export function isNotFound(error: unknown): boolean {
  return isApiError(error) && error.status === 404;
}

/** An object of this name exists. */
export function isAlreadyExists(error: unknown): boolean {
  return isApiError(error) && error.reason === "AlreadyExists";
}

/** The object changed since it was read, or is another incarnation than the one named by uid. */
export function isConflict(error: unknown): boolean {
  return isApiError(error) && error.status === 409 && error.reason !== "AlreadyExists";
}

/** The resourceVersion or continue token is older than what the server remembers. */
export function isGone(error: unknown): boolean {
  return isApiError(error) && error.status === 410;
}

/** The object breaks a schema or rule of its kind. */
export function isInvalid(error: unknown): boolean {
  return isApiError(error) && (error.status === 422 || error.status === 400);
}

/** RBAC, an admission policy or a quota says no; the message says which. */
export function isForbidden(error: unknown): boolean {
  return isApiError(error) && error.status === 403;
}

/** The credentials are missing, expired or unknown to the server. */
export function isUnauthorized(error: unknown): boolean {
  return isApiError(error) && error.status === 401;
}

function parseStatus(body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "kind" in parsed && parsed.kind === "Status") {
      return parsed as Status;
    }
  } catch {
    // Proxies and the server's own timeouts answer in plain text.
  }
  const text = body.trim().slice(0, 1024);
  return text === "" ? {} : { message: text };
}

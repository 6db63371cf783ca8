/** Every error code of the HTTP APIs: the status it travels with, and whether the same request may succeed later. */
export const errorCodes = {
  invalid_argument: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  permission_denied: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  already_exists: { status: 409, retryable: false },
  conflict: { status: 409, retryable: false },
  failed_precondition: { status: 412, retryable: false },
  resource_exhausted: { status: 429, retryable: true },
  deadline_exceeded: { status: 504, retryable: false },
  unavailable: { status: 503, retryable: true },
  not_supported: { status: 501, retryable: false },
  internal: { status: 500, retryable: false },
  not_a_directory: { status: 409, retryable: false },
  is_a_directory: { status: 409, retryable: false },
  directory_not_empty: { status: 409, retryable: false },
  file_too_large: { status: 413, retryable: false },
  no_space: { status: 507, retryable: false },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** What an error is about; with the code it selects the SDK's error class. */
export const errorResources = [
  "sandbox",
  "process",
  "file",
  "app",
  "image",
  "namespace",
  "probe",
  "class",
  "secret",
  "snapshot",
  "volume",
  "tunnel",
  "port",
  "token",
  "request",
] as const;
export type ErrorResource = (typeof errorResources)[number];

/** The JSON body of every error reply. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  resource: ErrorResource;
  details?: Record<string, unknown>;
}

/** An error meant for the client: its code gives the HTTP status, its message is shown as it is. */
export class SandkeepError extends Error {
  override readonly name: string = "SandkeepError";
  readonly code: ErrorCode;
  readonly resource: ErrorResource;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: ErrorCode,
    resource: ErrorResource,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.resource = resource;
    this.details = options.details;
  }

  get status(): number {
    return errorCodes[this.code].status;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  toJSON(): ErrorBody {
    const body: ErrorBody = { code: this.code, message: this.message, resource: this.resource };
    return this.details === undefined ? body : { ...body, details: this.details };
  }
}

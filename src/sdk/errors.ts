import { SandkeepError, type ErrorBody, type ErrorCode } from "../api/errors.ts";

export { SandkeepError };
export type { ErrorCode, ErrorResource } from "../api/errors.ts";
export { ConnectionError } from "./http/transport.ts";

/** Something that was asked for, or a parameter, is not valid. */
export class InvalidError extends SandkeepError {
  override readonly name: string = "InvalidError";
}

/** There is no sandbox, app, image, secret, volume or process of that name or id. */
export class NotFoundError extends SandkeepError {
  override readonly name: string = "NotFoundError";
}

/** Something of that name is there already, such as a running sandbox. */
export class AlreadyExistsError extends SandkeepError {
  override readonly name: string = "AlreadyExistsError";
}

/** The state of something does not allow it, such as a command in a sandbox that has finished. */
export class ConflictError extends SandkeepError {
  override readonly name: string = "ConflictError";
}

/** A quota, or a limit of the cluster or of a class, is reached. */
export class ResourceExhaustedError extends SandkeepError {
  override readonly name: string = "ResourceExhaustedError";
}

/** It took longer than was allowed. */
export class TimeoutError extends SandkeepError {
  override readonly name: string = "TimeoutError";
}

/** The sandbox reached its own time limit, or what was waited for of it did not come in time. */
export class SandboxTimeoutError extends TimeoutError {
  override readonly name: string = "SandboxTimeoutError";
}

/** The sandbox was ended from outside. */
export class SandboxTerminatedError extends SandkeepError {
  override readonly name: string = "SandboxTerminatedError";
}

/** The sandbox ended before its program could run; the message says why. */
export class SandboxFailedError extends SandkeepError {
  override readonly name: string = "SandboxFailedError";
}

/** The token's user may not do this; the message names the right. */
export class PermissionDeniedError extends SandkeepError {
  override readonly name: string = "PermissionDeniedError";
}

/** The token is missing, expired or not the cluster's. */
export class AuthenticationError extends SandkeepError {
  override readonly name: string = "AuthenticationError";
}

/** The gateway or the sandbox could not be reached for as long as the client tries. */
export class UnavailableError extends SandkeepError {
  override readonly name: string = "UnavailableError";
}

/** This version, cluster or file system cannot do it. */
export class NotSupportedError extends SandkeepError {
  override readonly name: string = "NotSupportedError";
}

/** The gateway failed; its log says why. */
export class InternalFailure extends SandkeepError {
  override readonly name: string = "InternalFailure";
}

/** The sandbox object was detached, or its client closed. */
export class ClientClosedError extends SandkeepError {
  override readonly name: string = "ClientClosedError";

  constructor(message = "Unable to perform operation on a detached sandbox") {
    super("failed_precondition", "sandbox", message);
  }
}

/** An operation on a file inside a sandbox failed. */
export class SandboxFilesystemError extends SandkeepError {
  override readonly name: string = "SandboxFilesystemError";
}

/** There is no such file or directory. */
export class SandboxFilesystemNotFoundError extends SandboxFilesystemError {
  override readonly name = "SandboxFilesystemNotFoundError";
}

/** A directory stands where a file was wanted. */
export class SandboxFilesystemIsADirectoryError extends SandboxFilesystemError {
  override readonly name = "SandboxFilesystemIsADirectoryError";
}

/** Something else stands where a directory was wanted. */
export class SandboxFilesystemNotADirectoryError extends SandboxFilesystemError {
  override readonly name = "SandboxFilesystemNotADirectoryError";
}

/** The sandbox's user may not do this to the file. */
export class SandboxFilesystemPermissionError extends SandboxFilesystemError {
  override readonly name = "SandboxFilesystemPermissionError";
}

/** Something of that path is there already. */
export class SandboxFilesystemPathAlreadyExistsError extends SandboxFilesystemError {
  override readonly name = "SandboxFilesystemPathAlreadyExistsError";
}

/** The directory is not empty. */
export class SandboxFilesystemDirectoryNotEmptyError extends SandboxFilesystemError {
  override readonly name = "SandboxFilesystemDirectoryNotEmptyError";
}

/** The file is larger than the operation can take. */
export class SandboxFilesystemFileTooLargeError extends SandboxFilesystemError {
  override readonly name = "SandboxFilesystemFileTooLargeError";
}

type ErrorClass = new (...args: ConstructorParameters<typeof SandkeepError>) => SandkeepError;

const byCode: Record<ErrorCode, ErrorClass> = {
  invalid_argument: InvalidError,
  unauthenticated: AuthenticationError,
  permission_denied: PermissionDeniedError,
  not_found: NotFoundError,
  already_exists: AlreadyExistsError,
  conflict: ConflictError,
  failed_precondition: ConflictError,
  resource_exhausted: ResourceExhaustedError,
  deadline_exceeded: TimeoutError,
  unavailable: UnavailableError,
  not_supported: NotSupportedError,
  internal: InternalFailure,
  not_a_directory: SandboxFilesystemNotADirectoryError,
  is_a_directory: SandboxFilesystemIsADirectoryError,
  directory_not_empty: SandboxFilesystemDirectoryNotEmptyError,
  file_too_large: SandboxFilesystemFileTooLargeError,
  no_space: SandboxFilesystemError,
};

/** Where an error about a file is another class than one about anything else. */
const ofFiles: Partial<Record<ErrorCode, ErrorClass>> = {
  permission_denied: SandboxFilesystemPermissionError,
  not_found: SandboxFilesystemNotFoundError,
  already_exists: SandboxFilesystemPathAlreadyExistsError,
  conflict: SandboxFilesystemError,
  failed_precondition: SandboxFilesystemError,
  resource_exhausted: SandboxFilesystemError,
  internal: SandboxFilesystemError,
  not_supported: InvalidError,
};

/** @internal The error that the body of an error reply stands for: code and resource select its class. */
export function errorFrom({ code, resource, message, details }: ErrorBody): SandkeepError {
  const ErrorOf = (resource === "file" ? ofFiles[code] : undefined) ?? byCode[code];
  return new ErrorOf(code, resource, message, details === undefined ? {} : { details });
}

/** @internal A parameter that is not valid, in words. */
export function invalid(message: string): InvalidError {
  return new InvalidError("invalid_argument", "request", message);
}

/** @internal A feature that this version does not have. */
export function notSupported(feature: string): NotSupportedError {
  return new NotSupportedError("not_supported", "request", `${feature} is not supported by this version of Sandkeep`);
}

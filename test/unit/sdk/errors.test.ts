import { expect, test } from "vitest";
import type { ErrorCode, ErrorResource } from "../../../src/api/errors.ts";
import { errorFrom } from "../../../src/sdk/errors.ts";

const rows: [ErrorCode, ErrorResource, string][] = [
  ["not_found", "sandbox", "NotFoundError"],
  ["not_found", "file", "SandboxFilesystemNotFoundError"],
  ["permission_denied", "file", "SandboxFilesystemPermissionError"],
  ["permission_denied", "sandbox", "PermissionDeniedError"],
  ["is_a_directory", "file", "SandboxFilesystemIsADirectoryError"],
  ["not_a_directory", "file", "SandboxFilesystemNotADirectoryError"],
  ["already_exists", "file", "SandboxFilesystemPathAlreadyExistsError"],
  ["already_exists", "sandbox", "AlreadyExistsError"],
  ["directory_not_empty", "file", "SandboxFilesystemDirectoryNotEmptyError"],
  ["file_too_large", "file", "SandboxFilesystemFileTooLargeError"],
  ["no_space", "file", "SandboxFilesystemError"],
  ["not_supported", "file", "InvalidError"],
  ["not_supported", "sandbox", "NotSupportedError"],
  ["invalid_argument", "file", "InvalidError"],
  ["failed_precondition", "sandbox", "ConflictError"],
  ["conflict", "process", "ConflictError"],
  ["resource_exhausted", "sandbox", "ResourceExhaustedError"],
  ["deadline_exceeded", "sandbox", "TimeoutError"],
  ["unavailable", "request", "UnavailableError"],
  ["unavailable", "file", "UnavailableError"],
  ["unauthenticated", "token", "AuthenticationError"],
  ["internal", "request", "InternalFailure"],
];

test.each(rows)("%s of a %s is a %s", (code, resource, name) => {
  const error = errorFrom({ code, resource, message: "why", details: { size: 1 } });
  expect(error).toMatchObject({ name, code, resource, message: "why", details: { size: 1 } });
  expect(error.constructor.name).toBe(name);
});

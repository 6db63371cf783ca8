import { constants } from "node:os";
import { inspect } from "node:util";
import { CommanderError } from "commander";
import { SandkeepError } from "../api/errors.ts";
import { paint } from "./output/paint.ts";
import { visible } from "./output/visible.ts";

/** The exit code of every failure that is not the command's own. */
export const FAILURE = 125;
const notExecutable = 126;
const notFound = 127;
/** As of a program that writes to a pipe which nobody reads: 128 + SIGPIPE. */
const brokenPipe = 141;

/** Something that the user can mend; `hint` says how. */
export class Failure extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** Standard output was closed by its reader, such as `head`. */
export class OutputClosed extends Error {}

/** The user has interrupted the program. */
export class Interrupted extends Error {
  /** 128 and the number of the signal, as shells have it. */
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(`Interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** What to tell the user of an error, and the exit code. */
export function explain(error: unknown, debug: boolean): { text: string; exitCode: number } {
  // What is wrong with the command line has been said; help has been shown.
  if (error instanceof CommanderError) return { text: "", exitCode: error.exitCode === 0 ? 0 : FAILURE };
  if (error instanceof OutputClosed) return { text: "", exitCode: brokenPipe };
  if (error instanceof Interrupted) return { text: "", exitCode: error.exitCode };
  const hint = hintFor(error);
  const lines = [
    `${paint("red", "error:", process.stderr)} ${visible(messageOf(error))}`,
    ...problemsOf(error).map((problem) => `  ${visible(problem)}`),
    ...(hint === undefined ? [] : [hint]),
    ...(debug ? [visible(inspect(error, { depth: 5 }))] : []),
  ];
  return { text: `${lines.join("\n")}\n`, exitCode: exitCodeOf(error) };
}

/** Commands that cannot be started have the exit codes that shells give them. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof SandkeepError) || error.resource !== "process") return FAILURE;
  if (error.code === "not_found") return notFound;
  return error.code === "permission_denied" ? notExecutable : FAILURE;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function problemsOf(error: unknown): string[] {
  const problems = error instanceof SandkeepError ? error.details?.["problems"] : undefined;
  return Array.isArray(problems) ? problems.map(String) : [];
}

function hintFor(error: unknown): string | undefined {
  if (error instanceof Failure) return error.hint;
  if (!(error instanceof SandkeepError)) return undefined;
  if (error.code === "not_found" && error.resource === "sandbox") return "`ls --all` lists those that there are.";
  return hints[error.code];
}

const hints: Partial<Record<SandkeepError["code"], string>> = {
  unauthenticated: "The token is missing, expired or of another cluster. `doctor` tells what is used.",
  permission_denied: "An administrator can give you the role sandkeep-edit. `doctor` lists what you may do.",
  unavailable: "`doctor` looks for the reason.",
  not_supported: "This version of Sandkeep, or of what the cluster runs, cannot do it.",
};

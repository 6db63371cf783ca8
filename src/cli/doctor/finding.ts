/** What a check has found: `mend` says what to do about it. */
export interface Finding {
  check: string;
  result: "ok" | "warning" | "failure";
  says: string;
  mend?: string;
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** All is well. */
export function ok(check: string, says: string): Finding {
  return { check, result: "ok", says };
}

/** It works, but not all of it, or it cannot be told. */
export function warning(check: string, says: string, mend: string): Finding {
  return { check, result: "warning", says, mend };
}

/** It does not work. */
export function failure(check: string, says: string, mend: string): Finding {
  return { check, result: "failure", says, mend };
}

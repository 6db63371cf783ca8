import { hash } from "node:crypto";
import { SandkeepError } from "../api/errors.ts";
import type { Log } from "../log.ts";
import type { Call } from "./server/bind.ts";

/** Writes one line about a process start, once it is known whether it succeeded, and hands on what `starting` gives. */
export type Audit = <T>(
  call: Call<"exec"> | Call<"startProcess">,
  process: { id: string; command: string[] },
  starting: Promise<T>,
) => Promise<T>;

/**
 * Who started what where, and the result: never environments or input. Command lines carry secrets at times, so they
 * appear as a hash, by which equal ones are found, unless the administrator wants them in full.
 */
export function auditTo(log: Log, commandLines: "hash" | "full"): Audit {
  return async ({ user, params, request, facts }, { id, command }, starting) => {
    facts.audited = true;
    const fields = {
      audit: "process",
      user: user.username,
      uid: user.uid,
      namespace: params.namespace,
      sandbox: params.id,
      process: id,
      address: request.socket.remoteAddress,
      ...(commandLines === "full" ? { command } : { program: command[0], commandHash: hashOf(command) }),
    };
    try {
      const started = await starting;
      log.info({ ...fields, result: "ok" }, "process started");
      return started;
    } catch (error) {
      const result = error instanceof SandkeepError ? error.code : "internal";
      log.info({ ...fields, result }, "process start failed");
      throw error;
    }
  };
}

function hashOf(command: string[]): string {
  return hash("sha256", JSON.stringify(command)).slice(0, 16);
}

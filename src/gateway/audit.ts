import { hash } from "node:crypto";
import { SandkeepError } from "../api/errors.ts";
import type { fileRoutes } from "../api/routes/files.ts";
import type { Log } from "../log.ts";
import type { Call } from "./server/bind.ts";

type ProcessStart = Call<"exec"> | Call<"startProcess">;
type FileAccess = Call<keyof typeof fileRoutes>;
type Attachment = Call<"attachProcess">;
type PortConnection = Call<"connectPort">;
type Audited = ProcessStart | FileAccess | Attachment | PortConnection;

interface StartedProcess {
  id: string;
  command: string[];
  /** Names of Secrets. */
  secrets?: string[];
}

/** Writes one line about what a user does inside a sandbox, once its result is known, and hands on what `doing` gives. */
export interface Audit {
  process<T>(call: ProcessStart, process: StartedProcess, doing: Promise<T>): Promise<T>;
  attach<T>(call: Attachment, doing: Promise<T>): Promise<T>;
  port<T>(call: PortConnection, doing: Promise<T>): Promise<T>;
  file<T>(call: FileAccess, file: FileAccess["query"], doing: Promise<T>): Promise<T>;
}

/**
 * Who did what where, and the result: never environments, input or contents. Command lines carry secrets at times, so
 * they appear as a hash, by which equal ones are found, unless the administrator wants them in full.
 */
export function auditTo(log: Log, commandLines: "hash" | "full"): Audit {
  const write = async <T>(call: Audited, what: object, doing: Promise<T>): Promise<T> => {
    const { user, params, request, facts } = call;
    facts.audited = true;
    const who = { user: user.username, uid: user.uid, address: request.socket.remoteAddress };
    const fields = { ...what, ...who, namespace: params.namespace, sandbox: params.id };
    try {
      const done = await doing;
      log.info({ ...fields, result: "ok" }, "audit");
      return done;
    } catch (error) {
      const result = error instanceof SandkeepError ? error.code : "internal";
      log.info({ ...fields, result }, "audit");
      throw error;
    }
  };
  return {
    process: (call, { id, command, secrets }, doing) => {
      const line = commandLines === "full" ? { command } : { program: command[0], commandHash: hashOf(command) };
      return write(call, { audit: "process", process: id, ...line, secrets }, doing);
    },
    attach: (call, doing) => write(call, { audit: "attach", process: call.params.process }, doing),
    port: (call, doing) => write(call, { audit: "port", port: Number(call.params.port) }, doing),
    file: (call, query, doing) => {
      const { path, pathBytes, to, toBytes } = { to: undefined, toBytes: undefined, ...query };
      return write(call, { audit: "file", operation: call.route, path, pathBytes, to, toBytes }, doing);
    },
  };
}

function hashOf(command: string[]): string {
  return hash("sha256", JSON.stringify(command)).slice(0, 16);
}

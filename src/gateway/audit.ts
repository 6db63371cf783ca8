import { hash } from "node:crypto";
import type { connectTokenRoutes } from "../api/routes/connect-tokens.ts";
import type { fileRoutes } from "../api/routes/files.ts";
import type { volumeRoutes } from "../api/routes/volumes.ts";
import type { Log } from "../log.ts";
import type { Call } from "./server/bind.ts";
import { asRefusal } from "./server/refusals.ts";

type ProcessStart = Call<"exec"> | Call<"startProcess">;
type FileAccess = Call<keyof typeof fileRoutes>;
type Attachment = Call<"attachProcess">;
type PortConnection = Call<"connectPort">;
type SecretUse = Call<"createSandbox"> | Call<"getSecret"> | Call<"resolveImage">;
type VolumeChange = Call<Exclude<keyof typeof volumeRoutes, "getVolume" | "listVolumes">>;
type ConnectTokenChange = Call<keyof typeof connectTokenRoutes>;
type Audited = ProcessStart | FileAccess | Attachment | PortConnection | SecretUse | VolumeChange | ConnectTokenChange;

interface StartedProcess {
  id: string;
  command: string[];
  /** Names of Secrets. */
  secrets?: string[];
}

/** Writes one line about what a user does inside a sandbox or with what it is given, once its result is known, and hands on what `doing` gives. */
export interface Audit {
  process<T>(call: ProcessStart, process: StartedProcess, doing: Promise<T>): Promise<T>;
  attach<T>(call: Attachment, doing: Promise<T>): Promise<T>;
  port<T>(call: PortConnection, doing: Promise<T>): Promise<T>;
  file<T>(call: FileAccess, file: FileAccess["query"], doing: Promise<T>): Promise<T>;
  /** The Secret is told by its name. */
  secret<T>(call: SecretUse, secret: string, doing: Promise<T>): Promise<T>;
  volume<T>(call: VolumeChange, doing: Promise<T>): Promise<T>;
  /** The token is told by its id. */
  connectToken<T>(call: ConnectTokenChange, what: { tokenId?: string; port?: number }, doing: Promise<T>): Promise<T>;
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
    const fields = { ...what, ...who, namespace: params.namespace, sandbox: "id" in params ? params.id : undefined };
    try {
      const done = await doing;
      log.info({ ...fields, result: "ok" }, "audit");
      return done;
    } catch (error) {
      log.info({ ...fields, result: asRefusal(error).code }, "audit");
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
    secret: (call, secret, doing) => write(call, { audit: "secret", operation: call.route, secret }, doing),
    volume: (call, doing) => write(call, { audit: "volume", operation: call.route, volume: call.params.volume }, doing),
    connectToken: (call, what, doing) => write(call, { audit: "connect-token", operation: call.route, ...what }, doing),
    file: (call, query, doing) => {
      const { path, pathBytes, to, toBytes } = { to: undefined, toBytes: undefined, ...query };
      return write(call, { audit: "file", operation: call.route, path, pathBytes, to, toBytes }, doing);
    },
  };
}

function hashOf(command: string[]): string {
  return hash("sha256", JSON.stringify(command)).slice(0, 16);
}

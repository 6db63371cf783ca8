import { createHash } from "node:crypto";

/** The host under which a port of the sandbox with this uid is reached; nobody can guess it who does not know the uid. */
export function tunnelHost(uid: string, port: number, domain: string): string {
  return `${tunnelLabel(uid, port)}.${domain}`;
}

/** The host under which a sandbox is reached with connect tokens. */
export function connectHost(uid: string, domain: string): string {
  return `${connectLabel(uid)}.${domain}`;
}

/** The first label of `tunnelHost`. */
export function tunnelLabel(uid: string, port: number): string {
  return `t-${hash(`tunnel\n${uid}\n${port}`)}`;
}

/** The first label of `connectHost`. */
export function connectLabel(uid: string): string {
  return `c-${hash(`connect\n${uid}`)}`;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

import type { Socket } from "node:net";
import { readServerName } from "../tls/client-hello.ts";

/** How a connection begins: TLS with a name, of which these octets were read; HTTP, of which none are missing; or neither. */
export type Beginning =
  | { kind: "tls"; name: string; read: Buffer }
  | { kind: "http" }
  | { kind: "refused"; protocol: "TLS" | "TCP"; problem: string };

/** Milliseconds within which a client has to say what it wants. */
const patience = 10_000;

const tlsHandshake = 22;

/** Reads as much of a connection as tells what it is; nothing more is buffered here. Resolves with `undefined` when it ends before. */
export function readBeginning(socket: Socket): Promise<Beginning | undefined> {
  const { promise, resolve } = Promise.withResolvers<Beginning | undefined>();
  const chunks: Buffer[] = [];
  let octets = 0;
  let needed = 1;
  const end = (): void => settle(undefined);
  const late = (): void =>
    settle({ kind: "refused", protocol: "TCP", problem: `it did not say what it wants within ${patience / 1000} s` });
  const timer = setTimeout(late, patience);
  // At once: what is put back would be read again.
  const settle = (beginning: Beginning | undefined): void => {
    clearTimeout(timer);
    socket.off("readable", take).off("end", end).off("close", end);
    resolve(beginning);
  };
  const take = (): void => {
    for (let chunk; (chunk = socket.read() as Buffer | null) !== null;) {
      chunks.push(chunk);
      octets += chunk.length;
      // Put together only when that may tell something new.
      if (octets < needed) continue;
      const read = Buffer.concat(chunks.splice(0));
      chunks.push(read);
      if (read[0] !== tlsHandshake) {
        settle(isText(read[0]) ? { kind: "http" } : noProtocol);
        socket.unshift(read);
        return;
      }
      const name = readServerName(read);
      if (name.kind === "name") return settle({ kind: "tls", name: name.name, read });
      if (name.kind === "refused") return settle({ kind: "refused", protocol: "TLS", problem: name.problem });
      needed = name.octets;
    }
  };
  socket.on("readable", take).once("end", end).once("close", end);
  return promise;
}

const noProtocol: Beginning = { kind: "refused", protocol: "TCP", problem: "it is neither TLS nor HTTP" };

/** Requests begin with a method. */
function isText(octet = 0): boolean {
  return octet >= 0x41 && octet <= 0x5a;
}

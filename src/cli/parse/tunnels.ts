import type { SandboxCreateParams } from "../../sdk/sandbox/create.ts";
import { Failure } from "../errors.ts";

const parameters = { tls: "encryptedPorts", h2: "h2Ports", tcp: "unencryptedPorts" } as const;

/** `8000` is published over TLS, `8000/h2` over TLS with HTTP/2 inside, `5432/tcp` also without TLS. */
export function tunnelParams(
  texts: readonly string[],
): Pick<SandboxCreateParams, "encryptedPorts" | "h2Ports" | "unencryptedPorts"> {
  const ports: Partial<Record<(typeof parameters)[keyof typeof parameters], number[]>> = {};
  for (const text of texts) {
    const [, port, protocol = "tls"] = /^(\d+)(?:\/(tls|h2|tcp))?$/.exec(text) ?? [];
    if (port === undefined)
      throw new Failure(`"${text}" is no port to publish`, "Write PORT, PORT/h2 for HTTP/2, or PORT/tcp without TLS.");
    (ports[parameters[protocol as keyof typeof parameters]] ??= []).push(Number(port));
  }
  return ports;
}

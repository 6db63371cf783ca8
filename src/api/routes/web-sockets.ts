import { z } from "zod";
import { ATTACH_PROTOCOL, PORT_PROTOCOL } from "../constants.ts";
import { webSocket, type Route } from "../route.ts";
import { offset, ofProcess, ofSandbox, onceStarted, paths } from "./parameters.ts";

const portNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,4}$/, "must be a whole number from 1 to 65535")
  .refine((text) => Number(text) <= 65_535, "must be a whole number from 1 to 65535");

export const webSocketRoutes = {
  attachProcess: {
    summary: "Attach to a process over a WebSocket: its input, output, terminal size and exit",
    method: "GET",
    path: `${paths.process}/attach`,
    params: ofProcess,
    query: onceStarted.extend({
      stdoutOffset: offset.default(0).describe("Start standard output at this byte."),
      stderrOffset: offset.default(0).describe("Start standard error at this byte."),
      stdinOffset: offset
        .exactOptional()
        .describe("Where the input sent here begins; bytes it has are ignored. Without it, input goes to the end."),
    }),
    reply: webSocket(ATTACH_PROTOCOL, "The first octet of each binary message says what the rest is."),
    access: { verb: "create", resource: "sandboxes", subresource: "exec" },
    example: { params: { process: "build" }, query: { stdoutOffset: "0" } },
  },
  connectPort: {
    summary: "Connect to a TCP port inside a sandbox, over a WebSocket",
    method: "GET",
    path: `${paths.sandbox}/ports/{port}`,
    params: ofSandbox.extend({ port: portNumber.describe("The port.") }),
    query: onceStarted,
    reply: webSocket(
      PORT_PROTOCOL,
      "Binary messages are the octets of the connection, both ways; an empty one ends its direction.",
    ),
    access: { verb: "create", resource: "sandboxes", subresource: "tunnels" },
    example: { params: { port: "8080" } },
  },
} as const satisfies Record<string, Route>;

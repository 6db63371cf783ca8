import { z } from "zod";
import { exactlyOneOf, withRules } from "../rule.ts";
import { words } from "./command.ts";
import { port } from "./port.ts";
import { milliseconds, seconds } from "./time.ts";

const tcpProbe = z.strictObject({
  port: port.describe("Ready once something accepts connections here."),
});

const execProbe = z.strictObject({
  command: words.min(1).describe("Ready once it exits with 0. No shell."),
});

/** How to tell that a sandbox is ready; checked from inside it until it succeeds or `timeoutSeconds` are over. */
export const probeSchema = withRules(
  z.strictObject({
    tcp: tcpProbe.exactOptional().describe("Connects to a port."),
    exec: execProbe.exactOptional().describe("Runs a command."),
    intervalMilliseconds: milliseconds(10, 3_600_000).default(100).describe("Between the starts of two attempts."),
    timeoutSeconds: seconds(1, 86_400)
      .default(300)
      .describe("Probing stops after this long from Started; the sandbox lives on, waiting for it fails."),
  }),
  exactlyOneOf("tcp", "exec"),
);

export type Probe = z.infer<typeof probeSchema>;

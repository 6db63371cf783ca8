import { z } from "zod";
import { AGENT_FINISH_REASONS } from "../../api/constants.ts";

/** What the agent may say about its end. */
const said = z.object({
  reason: z.enum(AGENT_FINISH_REASONS),
  message: z.string().optional(),
});

export type TerminationMessage = z.infer<typeof said>;

/**
 * The agent's account of how it ended, from the container's termination message. Whoever is root in the sandbox can
 * write there: anything but a listed reason is `undefined`, and the text is cut to what a status may carry.
 */
export function parseTerminationMessage(text: string | undefined): TerminationMessage | undefined {
  const result = said.safeParse(parseJson(text));
  if (!result.success) return undefined;
  const { reason, message } = result.data;
  return message === undefined ? { reason } : { reason, message: printable(message) };
}

/** One line of at most 1,000 characters without control characters. */
export function printable(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return line.length > 1000 ? `${line.slice(0, 999)}…` : line;
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

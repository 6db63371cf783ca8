import { styleText } from "node:util";

type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Text in a colour or style, where the stream is a terminal that shows it: `NO_COLOR` and `FORCE_COLOR` have their say. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return styleText(style, text, { stream, validateStream: true });
}

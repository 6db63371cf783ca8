import { Option, type Command } from "commander";

const formats = ["wide", "json", "yaml", "name"] as const;
export type Format = (typeof formats)[number];

export interface FormatOptions {
  output?: Format;
}

/** Adds the option that says how to print. */
export function withFormat(command: Command): Command {
  return command.addOption(new Option("-o, --output <format>", "print as").choices([...formats]));
}

/** A value as JSON or YAML, for programs. */
export async function serialized(value: unknown, format: "json" | "yaml"): Promise<string> {
  if (format === "json") return `${JSON.stringify(value, undefined, 2)}\n`;
  const { stringify } = await import("yaml");
  // Through JSON: dates become text, and members that are undefined go.
  return stringify(JSON.parse(JSON.stringify(value)));
}

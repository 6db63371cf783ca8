import { limitOf, unitOf, type Figures } from "./figures.ts";

/** A line per figure: name, value, limit, PASS or FAIL. */
export function table(names: string[], figures: Figures): string {
  const rows = names.map((name) => {
    const value = figures[name];
    const limit = limitOf(name, figures);
    const result = limit === undefined ? "" : passes(name, figures) ? "PASS" : "FAIL";
    return [
      name,
      value === undefined ? "not measured" : `${value.toFixed(2)} ${unitOf(name)}`,
      limit?.text ?? "for comparison",
      result,
    ];
  });
  const all = [["figure", "value", "limit", ""], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Whether the figure was measured and is within its limit. */
export function passes(name: string, figures: Figures): boolean {
  const value = figures[name];
  const { most = Infinity, least = -Infinity } = limitOf(name, figures) ?? {};
  return value !== undefined && value <= most && value >= least;
}

/** `{"<name>": {"value": number, "unit": string}}`. */
export function json(names: string[], figures: Figures): string {
  const entries = names.flatMap((name) => {
    const value = figures[name];
    return value === undefined ? [] : [[name, { value: Math.round(value * 1000) / 1000, unit: unitOf(name) }]];
  });
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}

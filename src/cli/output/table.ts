import { visibleLine } from "./visible.ts";

/** Rows of cells in columns of even width; the last column is as it is. Control characters of cells are taken away. */
export function table(rows: readonly (readonly string[])[], widths: readonly number[] = widthsOf(rows)): string {
  return rows.map((row) => `${line(row, widths)}\n`).join("");
}

/** The width that each column needs. */
export function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) => Math.max(0, ...rows.map((row) => plain(row[column]).length)));
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => plain(cell).padEnd(widths[column] ?? 0))
    .join("   ")
    .trimEnd();
}

function plain(cell = ""): string {
  return visibleLine(cell);
}

import { stripVTControlCharacters } from "node:util";

/** Text of a sandbox or a server without what would steer the terminal; lines and tabs stay. */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return stripVTControlCharacters(text).replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "�");
}

/** The same on one line: nothing of it can pass for another one. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll(/[\t\n]/g, " ");
}

import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { shown } from "../../../src/cli/commands/doctor.ts";

test("a finding steers no terminal, whoever's words it has", () => {
  const finding = { check: "sandbox", result: "failure", says: "ended:\x1b[2J \x9b2Jx", mend: "see\rit" } as const;
  const text = shown(finding);
  expect(text).not.toContain("\x1b[2J");
  expect(stripVTControlCharacters(text)).toBe("✗ sandbox: ended: x\n    see�it\n");
});

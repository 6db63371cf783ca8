import { describe, expect, test } from "vitest";
import { lines, text, type Chunks } from "../../../src/sdk/streams/chunks.ts";

function chunksOf(chunks: Chunks<string>, ...octets: string[]): string[] {
  const parts = octets.map((part) => Uint8Array.from(part, (character) => character.charCodeAt(0)));
  return [...parts.flatMap((part) => chunks.from(part)), ...chunks.rest()];
}

describe("octets become", () => {
  const rows: [string, () => Chunks<string>, string[], string[]][] = [
    ["text as it comes", text, ["ab", "c"], ["ab", "c"]],
    ["a character that comes in two parts", text, ["\xc3", "\xa9!"], ["é!"]],
    ["a replacement where a character never ends", text, ["a\xc3"], ["a", "�"]],
    ["whole lines", lines, ["a\nb", "c\n", "d"], ["a\n", "bc\n", "d"]],
    ["a line over many chunks", lines, ["a", "b", "c\n"], ["abc\n"]],
    ["empty lines", lines, ["\n\n"], ["\n", "\n"]],
    ["lines with a character in two parts", lines, ["a\xc3", "\xa9\n"], ["aé\n"]],
    ["nothing", lines, [], []],
  ];
  test.each(rows)("%s", (_, make, octets, expected) => expect(chunksOf(make(), ...octets)).toEqual(expected));
});

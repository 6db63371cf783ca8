import { expect, test } from "vitest";
import { lines } from "../../../src/kube/lines.ts";

test.each([
  { name: "whole lines", chunks: ["a\nb\n"], result: ["a", "b"] },
  { name: "a line over three chunks", chunks: ["{", "x", "}\n"], result: ["{x}"] },
  { name: "a last line without an end", chunks: ["a\nb"], result: ["a", "b"] },
  { name: "a character cut in two", chunks: [Buffer.from([0xc3]), Buffer.from([0xa9, 10])], result: ["é"] },
  { name: "nothing", chunks: [], result: [] },
])("reads $name", async ({ chunks, result }) => {
  async function* source() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const read: string[] = [];
  for await (const line of lines(source())) read.push(line);
  expect(read).toEqual(result);
});

import { expect, test } from "vitest";
import { InvalidError } from "../../../src/sdk/errors.ts";
import { exactly } from "../../../src/sdk/streams/exactly.ts";

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

test.each([
  ["as many octets as were said", 3, "abc"],
  ["fewer", 4, /has 3 octets, not the 4/],
  ["more", 2, /has more octets, not the 2/],
])("a stream of %s", async (_, size, expected) => {
  const read = async () => {
    let text = "";
    for await (const octets of exactly(size, pieces("ab", "c"))) text += new TextDecoder().decode(octets);
    return text;
  };
  if (typeof expected === "string") return expect(await read()).toBe(expected);
  await expect(read()).rejects.toThrow(expected);
  await expect(read()).rejects.toBeInstanceOf(InvalidError);
});

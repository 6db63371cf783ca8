import { buffer } from "node:stream/consumers";
import { extract, type Header } from "tar-stream";
import { expect, test } from "vitest";
import { blockSize, paddingOf, tarHead, type TarEntry } from "../../../src/cli/copy/tar-head.ts";

const plain: TarEntry = { name: "a/b", type: "file", mode: 0o644, mtime: 1_700_000_000 };

test.each<[string, Partial<TarEntry>, Partial<Header>]>([
  ["a file", {}, { name: "a/b", type: "file", mode: 0o644, mtime: new Date(1_700_000_000_000) }],
  ["a directory", { type: "directory", name: "a/", mode: 0o1777 }, { name: "a/", type: "directory", mode: 0o1777 }],
  ["a link", { type: "symlink", target: "../c" }, { type: "symlink", linkname: "../c" }],
  ["a name of a hundred octets", { name: "x".repeat(100) }, { name: "x".repeat(100) }],
  ["a longer name", { name: "x".repeat(101) }, { name: "x".repeat(101) }],
  ["a name that is not ASCII", { name: "é/ü" }, { name: "é/ü" }],
  ["a name whose record is as long as its length's last digit", { name: "é".repeat(44) }, { name: "é".repeat(44) }],
  ["a long target", { type: "symlink", target: "t".repeat(300) }, { linkname: "t".repeat(300) }],
])("%s is read as it was written", async (_, entry, header) => {
  expect(await headerIn(tarHead({ ...plain, ...entry }))).toMatchObject(header);
});

test("a size beyond what octal digits hold is in a record", () => {
  expect(tarHead({ ...plain, size: 2 ** 40 }).toString("latin1")).toContain("22 size=1099511627776\n");
  expect(tarHead({ ...plain, size: 8 ** 11 - 1 })).toHaveLength(blockSize);
});

test("a time before 1970 is in a record", () => {
  expect(tarHead({ ...plain, mtime: -5 }).toString("latin1")).toContain("12 mtime=-5\n");
});

test.each([
  [0, 0],
  [1, 511],
  [512, 0],
  [513, 511],
])("%i octets are followed by %i zeros", (size, padding) => {
  expect(paddingOf(size)).toBe(padding);
});

async function headerIn(head: Buffer): Promise<Header | undefined> {
  const entries = extract();
  entries.end(Buffer.concat([head, Buffer.alloc(2 * blockSize)]));
  let found: Header | undefined;
  for await (const entry of entries) {
    found = entry.header;
    await buffer(entry);
  }
  return found;
}

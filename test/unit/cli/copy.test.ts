import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract, pack, type Pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { download, upload } from "../../../src/cli/copy/copy.ts";
import { packTree } from "../../../src/cli/copy/pack.ts";
import { downloadLarge } from "../../../src/cli/copy/resumable.ts";
import { unpackTree } from "../../../src/cli/copy/unpack.ts";
import { ConnectionError, SandboxFilesystemNotFoundError } from "../../../src/sdk/errors.ts";
import type { FileInfo } from "../../../src/sdk/filesystem/info.ts";
import type { SandboxFilesystem } from "../../../src/sdk/filesystem/filesystem.ts";

const events = { onOctets: () => {}, onSkipped: () => {} };

let folder: string;
let outside: string;
beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), "sandkeep-copy-"));
  [folder, outside] = [join(root, "target"), join(root, "outside")];
  await mkdir(outside);
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

test("a tree that is packed and unpacked is the same", async () => {
  const source = join(outside, "source");
  await mkdir(join(source, "empty"), { recursive: true });
  await mkdir(join(source, "é".repeat(80), "deep".repeat(30)), { recursive: true });
  const long = join("é".repeat(80), "deep".repeat(30), "file");
  await writeFile(join(source, long), "deep");
  await writeFile(join(source, "run"), "#!/bin/sh", { mode: 0o750 });
  await writeFile(join(source, "none"), "");
  await writeFile(join(source, "large"), Buffer.alloc(1_000_001, "large"));
  await symlink("../nowhere", join(source, "link"));
  await utimes(join(source, "run"), 1000, 1000);
  let octets = 0;
  await unpackTree(packTree(source, { ...events, onOctets: (count) => (octets += count) }), folder, events);
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(
    (await readdir(source, { recursive: true })).sort(),
  );
  expect(await readFile(join(folder, long), "utf8")).toBe("deep");
  expect((await readFile(join(folder, "large"))).equals(Buffer.alloc(1_000_001, "large"))).toBe(true);
  expect(await readlink(join(folder, "link"))).toBe("../nowhere");
  expect(await stat(join(folder, "run"))).toMatchObject({ mtimeMs: 1_000_000 });
  expect(((await stat(join(folder, "run"))).mode & 0o777).toString(8)).toBe("750");
  expect(octets).toBe(4 + 9 + 1_000_001);
});

/** A file of a sandbox. */
const there = (name: string, differs: Partial<FileInfo> = {}) =>
  ({ name, type: "file", size: 8, modifiedTime: 1000, mode: 0o100644, ...differs }) as FileInfo;

test("what was brought before is not packed again, unless it differs", async () => {
  const source = join(outside, "source");
  await mkdir(join(source, "d"), { recursive: true });
  for (const name of ["same", "longer", "newer", "private", "absent", "d/same"]) {
    await writeFile(join(source, name), "contents", { mode: 0o644 });
    await utimes(join(source, name), 1000, 1000);
  }
  const inside = new Map([
    [
      "",
      [
        there("same"),
        there("longer", { size: 9 }),
        there("newer", { modifiedTime: 1001 }),
        there("private", { mode: 0o100600 }),
        there("absent", { name: "other" }),
      ],
    ],
    ["d", [there("same")]],
  ]);
  const list = (directory: string) => Promise.resolve(inside.get(directory) ?? []);
  const packed = async (files: number) => {
    const brought = { files, list };
    return { names: await filesOf(packTree(source, events, brought)), files: brought.files };
  };
  expect(await packed(Infinity)).toMatchObject({ names: ["absent", "longer", "newer", "private"] });
  expect(await packed(0)).toEqual({ names: ["absent", "d/same", "longer", "newer", "private", "same"], files: 6 });
});

test.each([
  ["was made by it is not sent again", false, false, [["a", "b"], ["b"]]],
  [
    "was there before is sent again, since it may be another",
    true,
    false,
    [
      ["a", "b"],
      ["a", "b"],
    ],
  ],
  ["was there before is not sent with --resume", true, true, [["b"], ["b"]]],
])("after a break, a file of a tree that %s", async (_, wasThere, resume, sent) => {
  const source = join(outside, "source");
  await mkdir(source);
  for (const name of ["a", "b"]) {
    await writeFile(join(source, name), "contents", { mode: 0o644 });
    await utimes(join(source, name), 1000, 1000);
  }
  const attempts: string[][] = [];
  const files = {
    stat: () =>
      wasThere
        ? Promise.resolve({ type: "directory" })
        : Promise.reject(new SandboxFilesystemNotFoundError("not_found", "file", "none")),
    listFiles: () => Promise.resolve([there("a")]),
    writeArchive: async (archive: AsyncIterable<Uint8Array>) => {
      attempts.push(await filesOf(archive));
      if (attempts.length === 1) throw new ConnectionError("cut");
    },
  };
  await upload(files as never, `${source}/.`, "/work", { quiet: true, resume });
  expect(attempts).toEqual(sent);
});

test("files go out before all have been read", async () => {
  await mkdir(join(outside, "source"));
  for (let i = 0; i < 20; i++) await writeFile(join(outside, "source", String(i)), Buffer.alloc(100_000));
  let read = 0;
  const pieces = packTree(join(outside, "source"), { ...events, onOctets: (count) => (read += count) });
  await pieces.next();
  expect(read).toBeLessThan(400_000);
  await pieces.return();
});

describe("an archive of a sandbox", () => {
  test.each([
    ["a name with ..", "../outside/file"],
    ["a name with .. inside", "a/../../outside/file"],
    ["an absolute name", "/outside/file"],
  ])("with %s is refused", async (_, name) => {
    await expect(unpack((tar) => tar.entry({ name }, "x"))).rejects.toThrow(/leads out/);
    expect(await readdir(outside)).toEqual([]);
  });

  test("writes through no link that it brings", async () => {
    const through = unpack((tar) => {
      tar.entry({ name: "link", type: "symlink", linkname: "../outside" });
      tar.entry({ name: "link/file" }, "x");
    });
    await expect(through).rejects.toThrow(/is no directory/);
    expect(await readdir(outside)).toEqual([]);
  });

  test("writes through no link that was there before", async () => {
    await mkdir(folder);
    await symlink("../outside", join(folder, "link"));
    await expect(unpack((tar) => tar.entry({ name: "link/file" }, "x"))).rejects.toThrow(/is no directory/);
    await writeFile(join(outside, "file"), "before");
    await symlink("../outside/file", join(folder, "file"));
    await unpack((tar) => tar.entry({ name: "file" }, "after"));
    expect(await readFile(join(outside, "file"), "utf8")).toBe("before");
    expect(await readFile(join(folder, "file"), "utf8")).toBe("after");
  });

  test("makes no hard link to what is outside", async () => {
    await writeFile(join(outside, "file"), "x");
    const link = unpack((tar) => tar.entry({ name: "link", type: "link", linkname: "../outside/file" }));
    await expect(link).rejects.toThrow(/leads out/);
    await unpack((tar) => {
      tar.entry({ name: "symbolic", type: "symlink", linkname: "../outside/file" });
      tar.entry({ name: "hard", type: "link", linkname: "symbolic" });
    });
    expect(await readdir(folder)).toEqual(["symbolic"]);
  });

  test("steers no terminal by the names of what is left out", async () => {
    const tar = pack();
    tar.entry({ name: "\x1b]0;title\x07a\nb\x9b2J", type: "fifo" });
    tar.finalize();
    const files = {
      stat: () => Promise.resolve({ type: "directory" }),
      readArchive: () => tar as AsyncIterable<Uint8Array>,
    };
    const told = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      await download(files as never, "/work", folder, { quiet: true });
      expect(told.mock.calls.map(([text]) => text)).toEqual(["Left out, for it is no file, directory or link: a b\n"]);
    } finally {
      told.mockRestore();
    }
  });

  test("gives no file more rights than permissions, and leaves devices out", async () => {
    await unpack((tar) => {
      tar.entry({ name: "program", mode: 0o4755 }, "x");
      tar.entry({ name: "null", type: "character-device", devmajor: 1, devminor: 3 });
    });
    expect(((await stat(join(folder, "program"))).mode & 0o7777).toString(8)).toBe("755");
    expect(await readdir(folder)).toEqual(["program"]);
  });

  test("leaves a directory as private as it was", async () => {
    await unpack((tar) => tar.entry({ name: "./", type: "directory", mode: 0o700 }));
    expect(((await stat(folder)).mode & 0o7777).toString(8)).toBe("700");
  });

  test("gives directories no more rights than the user gives, and leaves those that are there as they are", async () => {
    await mkdir(folder, { mode: 0o700 });
    await mkdir(join(folder, "there"), { mode: 0o700 });
    await unpack((tar) => {
      tar.entry({ name: "./", type: "directory", mode: 0o777 });
      for (const name of ["there", "open"]) tar.entry({ name, type: "directory", mode: 0o7777 });
      tar.entry({ name: "closed", type: "directory", mode: 0o500 });
      tar.entry({ name: "closed/file" }, "x");
    });
    const modeOf = async (name: string) => ((await stat(join(folder, name))).mode & 0o7777).toString(8);
    const open = (0o777 & ~process.umask()).toString(8);
    expect(await Promise.all([".", "there", "open", "closed"].map(modeOf))).toEqual(["700", "700", open, "500"]);
  });

  test("that breaks off is an error", async () => {
    await expect(unpackTree(broken(), folder, events)).rejects.toThrow("cut");
  });

  test("that ends in the middle of a file is an error", async () => {
    const tar = pack();
    tar.entry({ name: "file" }, Buffer.alloc(5000));
    tar.finalize();
    const whole: Uint8Array[] = [];
    for await (const chunk of tar as AsyncIterable<Uint8Array>) whole.push(chunk);
    async function* part() {
      yield Buffer.concat(whole).subarray(0, 3000);
    }
    await expect(unpackTree(part(), folder, events)).rejects.toThrow();
  });
});

describe("a large file of a sandbox", () => {
  const info = { path: "/data", size: 4, mode: 0o6777, modifiedTime: 1000 } as FileInfo;
  /** Sends so much of it, and breaks off if that is not all. */
  const filesWith = (sent: string): SandboxFilesystem => {
    const readStream = async function* () {
      yield Buffer.from(sent);
      if (sent !== "data") throw new Error("cut");
    };
    return { stat: () => Promise.resolve(info), readStream } as never;
  };
  const progress = { add: () => {}, at: () => {}, [Symbol.dispose]: () => {} };

  test("has the permissions that the user gives, at most", async () => {
    const target = join(outside, "data");
    await downloadLarge(filesWith("data"), info, target, progress);
    expect(await readFile(target, "utf8")).toBe("data");
    expect((await stat(target)).mode & 0o7777).toBe(0o777 & ~process.umask());
  });

  test("is not written through a link that waits in its place", async () => {
    const target = join(outside, "data");
    await expect(downloadLarge(filesWith("da"), info, target, progress)).rejects.toThrow("cut");
    const [partial = ""] = await readdir(outside);
    await rm(join(outside, partial));
    await writeFile(join(outside, "other"), "");
    await symlink("other", join(outside, partial));
    await expect(downloadLarge(filesWith("data"), info, target, progress)).rejects.toMatchObject({ code: "ELOOP" });
    expect(await readFile(join(outside, "other"), "utf8")).toBe("");
  });
});

/** The names of the files in an archive. */
async function filesOf(archive: AsyncIterable<Uint8Array>): Promise<string[]> {
  const names: string[] = [];
  const entries = extract();
  entries.end(await buffer(Readable.from(archive)));
  for await (const entry of entries) {
    if (entry.header.type === "file") names.push(entry.header.name);
    entry.resume();
  }
  return names.sort();
}

/** Unpacks what `fill` puts into an archive. */
async function unpack(fill: (tar: Pack) => void): Promise<void> {
  const tar = pack();
  fill(tar);
  tar.finalize();
  await unpackTree(tar as AsyncIterable<Uint8Array>, folder, events);
}

async function* broken(): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.alloc(512);
  throw new Error("cut");
}

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { all, failure, failures, type Case } from "./case.ts";

/** Files inside a sandbox; each case has a directory of its own, made with the first file. */
export const files: Case[] = [
  {
    name: "text and octets are read as they were written",
    async run({ work: { filesystem }, unique }) {
      await filesystem.writeText("Grüße\n", `/tmp/${unique}/a/text`);
      await filesystem.writeText("short", `/tmp/${unique}/a/text`);
      await filesystem.writeBytes(Uint8Array.of(0, 255, 10), `/tmp/${unique}/octets`);
      await filesystem.writeBytes(Uint8Array.of(1, 2).buffer, `/tmp/${unique}/buffer`);
      return [
        await filesystem.readText(`/tmp/${unique}/a/text`),
        await filesystem.readBytes(`/tmp/${unique}/octets`),
        await filesystem.readBytes(`/tmp/${unique}/buffer`),
      ];
    },
    want: ["short", Uint8Array.of(0, 255, 10), Uint8Array.of(1, 2)],
  },
  {
    name: "streams are written and read",
    async run({ work: { filesystem }, unique }) {
      await filesystem.writeStream(pieces("in ", "pieces"), `/tmp/${unique}`);
      return Buffer.concat(await all(filesystem.readStream(`/tmp/${unique}`))).toString();
    },
    want: "in pieces",
  },
  {
    name: "streams begin where they are told to",
    async run({ work: { filesystem }, unique }) {
      await filesystem.writeText("0123456789", `/tmp/${unique}`);
      await filesystem.writeStreamAt(pieces("a", "b"), `/tmp/${unique}`, { offset: 4 });
      const rest = await all(filesystem.readStream(`/tmp/${unique}`, { offset: 3 }));
      return [
        Buffer.concat(rest).toString(),
        await all(filesystem.readStream(`/tmp/${unique}`, { offset: 10 })),
        await failure(() => all(filesystem.readStream(`/tmp/${unique}`, { offset: 11 }))),
      ];
    },
    want: ["3ab6789", [], "InvalidError"],
  },
  {
    name: "a file that is renamed has its new path, in place of what was there",
    async run({ work: { filesystem }, unique }) {
      await filesystem.writeText("new", `/tmp/${unique}/from`);
      await filesystem.writeText("old", `/tmp/${unique}/to`);
      await filesystem.rename(`/tmp/${unique}/from`, `/tmp/${unique}/to`);
      return [
        await filesystem.readText(`/tmp/${unique}/to`),
        await failure(() => filesystem.rename(`/tmp/${unique}/from`, `/tmp/${unique}/again`)),
        (await filesystem.listFiles(`/tmp/${unique}`)).map(({ name }) => name),
      ];
    },
    want: ["new", "SandboxFilesystemNotFoundError", ["to"]],
  },
  {
    name: "files are copied both ways, with their permissions and progress",
    async run({ work: { filesystem }, unique }) {
      const folder = await mkdtemp(join(tmpdir(), "sandkeep-"));
      const local = join(folder, "local");
      const seen: number[] = [];
      const onProgress = (done: number, total: number) => void seen.push(done, total);
      await writeFile(local, "local", { mode: 0o600 });
      await filesystem.copyFromLocal(local, `/tmp/${unique}/copy`, { onProgress });
      await filesystem.copyToLocal(`/tmp/${unique}/copy`, join(folder, "deep/back"), { onProgress });
      const copied = await readFile(join(folder, "deep/back"), "utf8");
      const { permissions } = await filesystem.stat(`/tmp/${unique}/copy`);
      const problems = await failures(
        () => filesystem.copyToLocal(`/tmp/${unique}/missing`, local),
        () => filesystem.copyToLocal(`/tmp/${unique}`, local),
      );
      await rm(folder, { recursive: true });
      return [copied, permissions, seen, problems];
    },
    want: [
      "local",
      "0600",
      [0, 5, 5, 5, 0, 5, 5, 5],
      ["SandboxFilesystemNotFoundError", "SandboxFilesystemIsADirectoryError"],
    ],
  },
  {
    name: "stat describes files, directories and links themselves",
    async run({ work, unique }) {
      const { filesystem } = work;
      await filesystem.writeText("four", `/tmp/${unique}/file`);
      const link = await work.exec(["ln", "-s", "file", `/tmp/${unique}/link`]);
      await link.wait();
      const file = await filesystem.stat(`/tmp/${unique}/file`);
      const directory = await filesystem.stat(`/tmp/${unique}`);
      const { type, symlinkTarget, name } = await filesystem.stat(`/tmp/${unique}/link`);
      return [
        [file.type, file.size, file.permissions, file.path === `/tmp/${unique}/file`, file.symlinkTarget],
        [directory.type, directory.name === unique],
        { type, symlinkTarget, name },
        await filesystem.readText(`/tmp/${unique}/link`),
        Math.abs(file.modifiedTime - Date.now() / 1000) < 300,
      ];
    },
    want: [
      ["file", 4, "0644", true, null],
      ["directory", true],
      { type: "symlink", symlinkTarget: "file", name: "link" },
      "four",
      true,
    ],
  },
  {
    name: "a directory is listed by name",
    async run({ work, unique }) {
      const { filesystem } = work;
      for (const name of ["b", "a", "C"]) await filesystem.writeText("", `/tmp/${unique}/${name}`);
      await filesystem.makeDirectory(`/tmp/${unique}/d/deep`);
      const listed = await filesystem.listFiles(`/tmp/${unique}`);
      return [listed.map(({ name, type }) => `${name} ${type}`), await work.ls(`/tmp/${unique}/d`)];
    },
    want: [["C file", "a file", "b file", "d directory"], ["deep"]],
  },
  {
    name: "directories are made with those above, and twice",
    async run({ work, unique }) {
      const { filesystem } = work;
      const path = `/tmp/${unique}/a/b`;
      await filesystem.makeDirectory(path);
      await filesystem.makeDirectory(path);
      await filesystem.writeText("", `${path}/file`);
      return await failures(
        () => filesystem.makeDirectory(path, { createParents: false }),
        () => filesystem.makeDirectory(`${path}/file`),
        () => filesystem.makeDirectory(`${path}/file/below`),
        () => filesystem.makeDirectory(`${path}/missing/below`, { createParents: false }),
        () => work.mkdir(`${path}/other`),
        () => work.mkdir(`${path}/missing/below`),
        () => work.mkdir(`${path}/made/below`, { parents: true }),
      );
    },
    want: [
      "SandboxFilesystemPathAlreadyExistsError",
      "SandboxFilesystemPathAlreadyExistsError",
      "SandboxFilesystemNotADirectoryError",
      "SandboxFilesystemNotFoundError",
      "nothing",
      "SandboxFilesystemNotFoundError",
      "nothing",
    ],
  },
  {
    name: "removing takes a file, an empty directory, or all",
    async run({ work, unique }) {
      const { filesystem } = work;
      const path = `/tmp/${unique}`;
      await filesystem.writeText("", `${path}/full/file`);
      await filesystem.makeDirectory(`${path}/empty`);
      const results = await failures(
        () => filesystem.remove(`${path}/empty`),
        () => filesystem.remove(`${path}/full`),
        () => filesystem.remove(`${path}/missing`),
      );
      await work.rm(`${path}/full`, { recursive: true });
      return [results, await work.ls(path)];
    },
    want: [["nothing", "SandboxFilesystemDirectoryNotEmptyError", "SandboxFilesystemNotFoundError"], []],
  },
  {
    name: "each thing that goes wrong has a class of its own",
    async run({ work: { filesystem }, unique }) {
      const path = `/tmp/${unique}`;
      await filesystem.writeText("", `${path}/file`);
      return await failures(
        () => filesystem.readText(`${path}/missing`),
        () => filesystem.stat(`${path}/missing`),
        () => filesystem.listFiles(`${path}/missing`),
        () => filesystem.readText(path),
        () => filesystem.writeText("", path),
        () => filesystem.listFiles(`${path}/file`),
        () => filesystem.stat(`${path}/file/below`),
        () => filesystem.writeText("", `${path}/file/below`),
        () => filesystem.writeText("", "/sys/file"),
        () => filesystem.readText("/dev/zero"),
        () => filesystem.readText("relative"),
        () => filesystem.stat(""),
      );
    },
    want: [
      "SandboxFilesystemNotFoundError",
      "SandboxFilesystemNotFoundError",
      "SandboxFilesystemNotFoundError",
      "SandboxFilesystemIsADirectoryError",
      "SandboxFilesystemIsADirectoryError",
      "SandboxFilesystemNotADirectoryError",
      "SandboxFilesystemNotADirectoryError",
      "SandboxFilesystemNotADirectoryError",
      "SandboxFilesystemPermissionError",
      "InvalidError",
      "InvalidError",
      "InvalidError",
    ],
  },
  {
    name: "files are opened as Python opens them",
    async run({ work, unique }) {
      const path = `/tmp/${unique}`;
      const write = async (mode: "w" | "a" | "x" | "r+" | "w+", text: string) => {
        await using file = await work.open(path, mode);
        await file.write(text);
      };
      const missing = await failures(
        () => work.open(path),
        () => work.open(path, "r+"),
      );
      await write("x", "exclusive");
      const taken = await failure(() => work.open(path, "x"));
      await write("w", "written");
      await write("a", ", appended");
      await write("r+", "W");
      const file = await work.open(path, "r+");
      const first = await file.read(7);
      await file.seek(-8, "end");
      const last = [await file.read(), await file.read(), file.tell()];
      await file.close();
      await write("w+", "");
      return [missing, taken, first, last, await work.filesystem.readText(path)];
    },
    want: [
      ["SandboxFilesystemNotFoundError", "SandboxFilesystemNotFoundError"],
      "SandboxFilesystemPathAlreadyExistsError",
      "Written",
      ["appended", "", 17],
      "",
    ],
  },
  {
    name: "an open file does what its mode allows, until it is closed",
    async run({ work, unique }) {
      const path = `/tmp/${unique}`;
      const writing = await work.open(path, "wb");
      await writing.write(Uint8Array.of(1, 2, 3));
      const reading = await work.open(path, "rb");
      const octets = await reading.read();
      const results = await failures(
        () => writing.read(),
        () => reading.write("no"),
        () => reading.seek(-1),
      );
      await reading.close();
      return [octets, results, await failures(() => reading.read()), await failure(() => work.open("relative"))];
    },
    want: [Uint8Array.of(1, 2, 3), ["InvalidError", "InvalidError", "InvalidError"], ["ConflictError"], "InvalidError"],
  },
  {
    name: "a watch tells what is made and removed",
    async run({ work, unique }) {
      const { filesystem } = work;
      const path = `/tmp/${unique}`;
      await filesystem.makeDirectory(path);
      const watch = filesystem.watch(path, { filter: ["Create", "Remove"] });
      await watch.ready;
      await filesystem.makeDirectory(`${path}/new`);
      await filesystem.makeDirectory(`${path}/new/below`);
      await filesystem.remove(`${path}/new`, { recursive: true });
      const seen: string[] = [];
      for await (const { eventType, paths } of watch) {
        seen.push(`${eventType} ${paths.join().slice(path.length)}`);
        if (eventType === "Remove") break;
      }
      return seen;
    },
    want: ["Create /new", "Remove /new"],
  },
  {
    name: "a watch of a tree tells what happens below",
    async run({ work, unique }) {
      const path = `/tmp/${unique}`;
      await work.filesystem.makeDirectory(`${path}/sub`);
      const watch = work.watch(path, { recursive: true, filter: ["Create"], timeoutMs: 60_000 });
      await watch.ready;
      const touch = await work.exec(["touch", `${path}/sub/work.done`]);
      await touch.wait();
      for await (const { paths } of watch) return paths.map((each) => each.slice(path.length));
      return "nothing";
    },
    want: ["/sub/work.done"],
  },
  {
    name: "a watch ends when its time is over, and tells of nothing that was filtered",
    async run({ work: { filesystem }, unique }) {
      return [
        await all(filesystem.watch("/tmp", { timeoutMs: 0 })),
        await all(filesystem.watch("/tmp", { filter: [] })),
        await all(filesystem.watch("/etc", { timeoutMs: 300 })),
        await failure(() => all(filesystem.watch(`/tmp/${unique}/missing`))),
      ];
    },
    want: [[], [], [], "SandboxFilesystemNotFoundError"],
  },
];

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

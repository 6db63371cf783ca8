import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FileEvent } from "../../src/api/file.ts";
import type { Method } from "../support/gateway-client.ts";
import { askFiles, shellIn, type FileRequest } from "./in-sandbox.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
let id: string;
beforeAll(async () => {
  tenant = await newTenant();
  ({ id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }));
});
afterAll(() => tenant[Symbol.asyncDispose]());

const at = (...request: FileRequest) => askFiles(tenant.gateway, id, ...request);
const shell = (script: string) => shellIn(tenant.gateway, id, script);

describe("a file in a sandbox", () => {
  test("is written, read as a whole and in part, described, listed, renamed and removed", async () => {
    const path = "/tmp/deep/er/hello.txt";
    expect((await at("PUT", "", { path, mode: "0640" }, "hello world")).status).toBe(204);
    expect(await at("GET", "", { path })).toMatchObject({ status: 200, text: "hello world" });
    expect(await at("GET", "", { path }, undefined, { range: "bytes=6-" })).toMatchObject({
      status: 206,
      text: "world",
      headers: { "content-range": "bytes 6-10/11", "content-length": "5" },
    });
    expect((await at("GET", "", { path }, undefined, { range: "bytes=20-" })).status).toBe(416);
    expect(await at("HEAD", "", { path })).toMatchObject({
      status: 200,
      text: "",
      headers: { "content-length": "11" },
    });
    expect((await at("GET", "/stat", { path })).json).toMatchObject({
      name: "hello.txt",
      type: "file",
      size: 11,
      permissions: "0640",
      owner: "root",
      symlinkTarget: null,
    });
    expect((await at("GET", "/list", { path: "/tmp/deep/er" })).json).toMatchObject({ items: [{ name: "hello.txt" }] });
    expect((await at("POST", "/rename", { path, to: "/tmp/deep/bye.txt" })).status).toBe(204);
    expect((await at("DELETE", "", { path: "/tmp/deep" })).json).toMatchObject({ code: "directory_not_empty" });
    expect((await at("DELETE", "", { path: "/tmp/deep", recursive: "true" })).status).toBe(204);
    expect((await at("GET", "/stat", { path: "/tmp/deep" })).status).toBe(404);
  });

  test("is written in place: at an offset, at its end, cut off", async () => {
    const path = "/tmp/in-place";
    expect((await at("PATCH", "", { path, append: "true", create: "true" }, "0123456789")).json).toEqual({
      offset: 0,
      size: 10,
    });
    await at("PATCH", "", { path, offset: "2" }, "ab");
    await at("PATCH", "", { path, append: "true" }, "!");
    await at("PATCH", "", { path, truncate: "5" }, "");
    expect((await at("GET", "", { path })).text).toBe("01ab4");
  });

  test("of megabytes arrives as it was sent, and so it comes back", async () => {
    const path = "/tmp/large";
    const text = randomBytes(6 << 20).toString("hex");
    expect((await at("PUT", "", { path }, text)).status).toBe(204);
    const sum = createHash("sha256").update(text).digest("hex");
    const { stdout } = await tenant.gateway.exec(id, { command: ["sha256sum", path] });
    expect(stdout).toContain(sum);
    const back = await at("GET", "", { path });
    expect(createHash("sha256").update(back.text).digest("hex")).toBe(sum);
  });

  test("comes and goes with others as an archive", async () => {
    await shell(
      "mkdir -p /tmp/tree/sub; echo one > /tmp/tree/one; ln -s ../one /tmp/tree/sub/link; chmod 700 /tmp/tree/sub",
    );
    const archive = await at("GET", "/archive", { path: "/tmp/tree" });
    expect(archive.status).toBe(200);
    expect((await at("PUT", "/archive", { path: "/tmp/copy" }, archive.octets)).json).toMatchObject({
      entries: expect.any(Number),
    });
    const listing = "find . | sort | while read f; do stat -c '%A %n' $f; done; readlink sub/link";
    expect(await shell(`cd /tmp/copy && ${listing}`)).toBe(await shell(`cd /tmp/tree && ${listing}`));
  });

  test("is watched: what happens is told at once, in order, a rename with both names", async () => {
    await shell("mkdir -p /tmp/watched");
    const query = new URLSearchParams({ path: "/tmp/watched", recursive: "true" }).toString();
    const events = await tenant.gateway.follow(`/sandboxes/${id}/files/watch?${query}`);
    await shell("mkdir /tmp/watched/sub");
    const told: unknown[] = [];
    for await (const line of events) {
      const { type, paths } = JSON.parse(line) as FileEvent;
      if (type !== "modify") told.push([type, ...paths]);
      // What came and went before it was known that there is a folder to watch has left no trace.
      if (paths.includes("/tmp/watched/sub")) await shell("cd /tmp/watched; touch sub/a; mv sub/a sub/b; rm sub/b");
      if (type === "delete") break;
    }
    expect(told).toEqual([
      ["create", "/tmp/watched/sub"],
      ["create", "/tmp/watched/sub/a"],
      ["rename", "/tmp/watched/sub/a", "/tmp/watched/sub/b"],
      ["delete", "/tmp/watched/sub/b"],
    ]);
  });

  test("may have any name that Linux allows", async () => {
    const pathBytes = Buffer.from("/tmp/caf\xe9 \n", "latin1").toString("base64");
    expect((await at("PUT", "", { pathBytes }, "text")).status).toBe(204);
    expect((await at("GET", "", { pathBytes })).text).toBe("text");
    expect(await shell("ls /tmp | grep -c caf")).toBe("1\n");
    expect((await at("DELETE", "", { pathBytes })).status).toBe(204);
  });

  test("that the kernel makes up has no length, and is read to its end", async () => {
    expect((await at("GET", "/stat", { path: "/proc/version" })).json).toMatchObject({ size: 0 });
    expect((await at("GET", "", { path: "/proc/version" })).text).toMatch(/^Linux version/);
  });

  test("that finds no space leaves what was there", async () => {
    const path = "/dev/shm/file";
    await at("PUT", "", { path }, "before");
    await shell("head -c 62000000 /dev/zero > /dev/shm/most-of-it");
    const answer = await at("PUT", "", { path }, Buffer.alloc(6 << 20));
    expect(answer).toMatchObject({ status: 507, json: { code: "no_space", resource: "file" } });
    expect((await at("GET", "", { path })).text).toBe("before");
    expect(await shell("ls -A /dev/shm")).toBe("file\nmost-of-it\n");
  });

  test("that is no file is refused, and so are links to themselves and offsets beyond all files", async () => {
    await shell("mkfifo /tmp/fifo; ln -s loop /tmp/loop; echo text > /tmp/text");
    expect((await at("GET", "", { path: "/tmp/fifo" })).json).toMatchObject({ code: "not_supported" });
    expect((await at("GET", "", { path: "/tmp/loop" })).json).toMatchObject({ code: "invalid_argument" });
    const offset = String(2 ** 53);
    expect((await at("PATCH", "", { path: "/tmp/text", offset }, "x")).json).toMatchObject({
      code: expect.stringMatching(/^(invalid_argument|file_too_large)$/),
    });
    expect((await at("GET", "", { path: "/tmp/text" })).text).toBe("text\n");
  });

  const refusals: [
    what: string,
    method: Method,
    operation: string,
    query: Record<string, string>,
    status: number,
    code: string,
  ][] = [
    ["what is not there", "GET", "", { path: "/nowhere" }, 404, "not_found"],
    ["a directory as a file", "GET", "", { path: "/tmp" }, 409, "is_a_directory"],
    ["a file as a directory", "GET", "/list", { path: "/bin/sh" }, 409, "not_a_directory"],
    ["below a file", "PUT", "", { path: "/bin/sh/x" }, 409, "not_a_directory"],
    ["what is there already", "POST", "/mkdir", { path: "/tmp" }, 409, "already_exists"],
    ["a device", "GET", "", { path: "/dev/zero" }, 501, "not_supported"],
    ["where nothing can be written", "PUT", "", { path: "/proc/x" }, 404, "not_found"],
    ["a relative path", "GET", "", { path: "etc/passwd" }, 400, "invalid_argument"],
    ["a path with NUL", "GET", "", { path: "/a\0b" }, 400, "invalid_argument"],
    ["a path of 5,000 bytes", "GET", "", { path: `/${"a".repeat(5000)}` }, 400, "invalid_argument"],
    ["a name of 300 bytes", "PUT", "", { path: `/tmp/${"a".repeat(300)}` }, 400, "invalid_argument"],
    ["no path", "GET", "", {}, 400, "invalid_argument"],
    ["an unknown parameter", "GET", "", { path: "/tmp", pth: "x" }, 400, "invalid_argument"],
    ["a negative offset", "PATCH", "", { path: "/tmp/x", offset: "-1" }, 400, "invalid_argument"],
    ["a mode that is none", "PUT", "", { path: "/tmp/x", mode: "0999" }, 400, "invalid_argument"],
  ];
  test.each(refusals)("refuses %s by its own code", async (_what, method, operation, query, status, code) => {
    const answer = await at(method, operation, query, method === "PUT" || method === "PATCH" ? "x" : undefined);
    expect(answer.json).toMatchObject({ code });
    expect(answer.status).toBe(status);
  });
});

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import { shellIn } from "./in-sandbox.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
let id: string;
beforeAll(async () => {
  tenant = await newTenant();
  ({ id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started"));
});
afterAll(() => tenant[Symbol.asyncDispose]());

function at(path: string, operation = ""): string {
  return `/sandboxes/${id}/files${operation}?${new URLSearchParams({ path }).toString()}`;
}

const shell = async (script: string) => (await shellIn(tenant.gateway, id, script)).trim();

/** Command lines of the agent's processes for large bodies, as anybody in the sandbox sees them. */
async function streams(): Promise<string[]> {
  const list = await shell("for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $p; echo; done 2> /dev/null");
  return list.split("\n").filter((line) => /^\/\.sandkeep\/bin\/agent (read|write) /.test(line));
}

/** Ends a stream of this direction from inside the sandbox, as soon as there is one. */
async function cutStream(direction: "read" | "write"): Promise<void> {
  const kill = `for p in /proc/[0-9]*; do grep -qz '^${direction}$' $p/cmdline && kill -9 \${p#/proc/} && echo cut; done; true`;
  await waitFor(`a stream to ${direction} by`, async () => (await shell(`${kill} 2> /dev/null`)) !== "");
}

function sum(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}

/** An upload of which the test decides when it goes on. */
function uploadTo(path: string, headers: Record<string, string> = {}) {
  const body = new PassThrough();
  const gone = new AbortController();
  const answer = tenant.gateway.open("PUT", at(path), body, headers, gone.signal);
  answer.catch(() => {});
  return { body, gone, answer };
}

const contents = randomBytes(12 << 20);

describe("a large file", () => {
  test("goes in and comes back as it was, as a whole and in part", async () => {
    const path = "/tmp/large";
    expect((await tenant.gateway.send("PUT", at(path), contents)).status).toBe(204);
    expect(await shell(`sha256sum < ${path}`)).toContain(sum(contents));
    const whole = await tenant.gateway.send("GET", at(path));
    expect(whole.headers["content-length"]).toBe(String(contents.length));
    expect(sum(whole.octets)).toBe(sum(contents));
    const part = await tenant.gateway.send("GET", at(path), undefined, { range: "bytes=1000000-9999999" });
    expect(part).toMatchObject({
      status: 206,
      headers: { "content-range": `bytes 1000000-9999999/${contents.length}`, "content-length": "9000000" },
    });
    expect(sum(part.octets)).toBe(sum(contents.subarray(1_000_000, 10_000_000)));
    await waitFor("the streams to end", async () => (await streams()).length === 0);
  });

  test("of unknown length goes in too, and into the middle of another", async () => {
    const path = "/tmp/unknown";
    const pieces = () => Readable.from([contents.subarray(0, 700_000), contents.subarray(700_000)]);
    const put = await tenant.gateway.open("PUT", at(path), pieces());
    expect({ status: put.statusCode, text: await put.body.text() }).toEqual({ status: 204, text: "" });
    expect(await shell(`sha256sum < ${path}`)).toContain(sum(contents));
    const patch = await tenant.gateway.open("PATCH", `${at(path)}&offset=1000`, pieces());
    expect(await patch.body.json()).toEqual({ offset: 1000, size: contents.length + 1000 });
    expect(await shell(`tail -c +1001 ${path} | sha256sum`)).toContain(sum(contents));
  });

  test("goes in and out with others as an archive", async () => {
    await shell(
      "mkdir -p /tmp/tree/sub; head -c 9000000 /dev/urandom > /tmp/tree/sub/file; ln -s sub/file /tmp/tree/link",
    );
    const archive = await tenant.gateway.send("GET", at("/tmp/tree", "/archive"));
    expect({ status: archive.status, length: archive.headers["content-length"] }).toEqual({
      status: 200,
      length: undefined,
    });
    const unpacked = await tenant.gateway.send("PUT", at("/tmp/copy", "/archive"), archive.octets);
    expect(unpacked.json).toMatchObject({ entries: expect.any(Number) });
    expect(await shell("cd /tmp/copy && find . -type f -exec sha256sum {} + && readlink link")).toBe(
      await shell("cd /tmp/tree && find . -type f -exec sha256sum {} + && readlink link"),
    );
  });

  test("shows no path on a command line, and commands run while it waits", async () => {
    const { body, answer } = uploadTo("/tmp/waiting", { "content-length": String(contents.length) });
    body.write(contents.subarray(0, 8 << 20));
    const [command] = await waitFor("the stream", async () => {
      const seen = await streams();
      return seen.length > 0 && seen;
    });
    expect(command).toMatch(/^\/\.sandkeep\/bin\/agent write [0-9a-f]{32} ?$/);
    body.end(contents.subarray(8 << 20));
    expect((await answer).statusCode).toBe(204);
    expect(await shell("sha256sum < /tmp/waiting")).toContain(sum(contents));
  });

  test.each<[what: string, cut: (upload: ReturnType<typeof uploadTo>) => Promise<void>]>([
    ["whose client goes", async ({ gone }) => gone.abort()],
    ["whose stream is cut inside the sandbox", () => cutStream("write")],
  ])("%s leaves what was there, and nothing else", async (_, cut) => {
    await shell("mkdir -p /tmp/cut; echo old > /tmp/cut/file");
    const upload = uploadTo("/tmp/cut/file", { "content-length": String(contents.length) });
    upload.body.write(contents.subarray(0, 8 << 20));
    await waitFor("the temporary file to fill", () =>
      shell("find /tmp/cut -name '.sandkeep-*' -size +1").then(Boolean),
    );
    await cut(upload);
    const outcome = await upload.answer.then(
      ({ statusCode }) => statusCode,
      () => "none",
    );
    expect(["none", 503]).toContain(outcome);
    await waitFor("the temporary file to go", async () => (await shell("ls -A /tmp/cut")) === "file");
    expect(await shell("cat /tmp/cut/file")).toBe("old");
  });

  test("that is cut on its way out is no whole reply", async () => {
    await shell("head -c 200000000 /dev/zero > /tmp/zeros");
    const { body, statusCode, headers } = await tenant.gateway.open("GET", at("/tmp/zeros"));
    expect({ statusCode, length: headers["content-length"] }).toEqual({ statusCode: 200, length: "200000000" });
    body.pause();
    await cutStream("read");
    const failed = once(body.resume(), "end");
    await expect(failed).rejects.toThrow();
  });

  test("for which there is no room is refused, and what was there stays", async () => {
    await shell("mkdir -p /dev/shm/full; head -c 62000000 /dev/zero > /dev/shm/most; echo old > /dev/shm/full/file");
    const answer = await tenant.gateway.send("PUT", at("/dev/shm/full/file"), contents.subarray(0, 6 << 20));
    expect(answer.json).toMatchObject({ code: "no_space", resource: "file" });
    expect(await shell("cat /dev/shm/full/file; ls -A /dev/shm/full")).toBe("old\nfile");
  });

  test.each([
    ["a directory", "/tmp", 409, "is_a_directory"],
    ["a device", "/dev/null", 501, "not_supported"],
    ["where nothing can be", "/proc/x", 404, "not_found"],
  ])("is refused in place of %s", async (_, path, status, code) => {
    expect(await tenant.gateway.send("PUT", at(path), contents.subarray(0, 5 << 20))).toMatchObject({
      status,
      json: { code },
    });
  });
});

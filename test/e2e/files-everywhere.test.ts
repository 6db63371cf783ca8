import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../src/api/sandbox.ts";
import { askFiles, type FileRequest } from "./in-sandbox.ts";
import { runtimes } from "./runtimes.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

interface Kind {
  kind: string;
  spec: SandboxSpecInput;
  /** A folder that its user may write. */
  folder: string;
  /** As `stat` names them: nobody has a name without /etc/passwd. */
  owner: string;
  /** A file that cannot be written. */
  forbidden: string;
}

const user = { runAsUser: 1000, runAsGroup: 1000 };
const readOnly = { readOnlyRootFilesystem: true };

const kinds: Kind[] = [
  {
    kind: "Debian",
    spec: { image: "debian:bookworm-slim" },
    folder: "/data",
    owner: "root",
    forbidden: "/.sandkeep/bin/agent",
  },
  {
    kind: "busybox as user 1000",
    spec: { image: "busybox:stable", securityContext: user },
    folder: "/tmp",
    owner: "1000",
    forbidden: "/etc/passwd",
  },
  {
    kind: "Alpine with a read-only root",
    spec: { image: "alpine:3.21", securityContext: readOnly },
    folder: "/dev/shm",
    owner: "root",
    forbidden: "/etc/passwd",
  },
  {
    kind: "nothing but a static program",
    spec: { image: "pause:1" },
    folder: "/data",
    owner: "0",
    forbidden: "/.sandkeep/bin/agent",
  },
  {
    kind: "nothing but a static program, as user 1000 with a read-only root",
    spec: { image: "pause:1", securityContext: { ...user, ...readOnly } },
    folder: "/dev/shm",
    owner: "1000",
    forbidden: "/pause",
  },
];

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

const rows = runtimes.flatMap(([runtime, inClass]) => kinds.map((kind) => ({ runtime, inClass, ...kind })));

describe.each(rows)("in $kind under $runtime", ({ inClass, spec, folder, owner, forbidden }) => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await tenant.gateway.create({ spec: { ...small, ...spec, ...inClass } }));
  });
  afterAll(async () => {
    await tenant.gateway.send("DELETE", `/sandboxes/${id}`);
  });

  const at = (...request: FileRequest) => askFiles(tenant.gateway, id, ...request);

  test("files are written, read, changed in place, described and listed", async () => {
    const path = `${folder}/one/two/file`;
    const bytes = Buffer.alloc(300_000, "0123456789");
    expect(await at("PUT", "", { path, mode: "0600" }, bytes)).toMatchObject({ status: 204 });
    expect(await at("PATCH", "", { path, offset: "5" }, "abc")).toMatchObject({ json: { size: 300_000 } });
    bytes.write("abc", 5);
    expect((await at("GET", "", { path })).octets.equals(bytes)).toBe(true);
    expect(await at("GET", "", { path }, undefined, { range: "bytes=4-8" })).toMatchObject({
      status: 206,
      text: "4abc8",
    });
    const described = { name: "file", type: "file", size: 300_000, permissions: "0600", owner };
    expect(await at("GET", "/stat", { path })).toMatchObject({ json: described });
    expect(await at("GET", "/list", { path: `${folder}/one/two` })).toMatchObject({ json: { items: [described] } });
  });

  test("a tree is watched, copied as an archive, renamed and removed", async () => {
    const tree = `${folder}/tree`;
    expect(await at("POST", "/mkdir", { path: `${tree}/below`, parents: "true" })).toMatchObject({ status: 204 });
    const query = new URLSearchParams({ path: tree, recursive: "true", types: "create" }).toString();
    const events = await tenant.gateway.follow(`/sandboxes/${id}/files/watch?${query}`);
    await at("PUT", "", { path: `${tree}/below/file` }, "text");
    const { value } = await events.next();
    expect(JSON.parse(value ?? "{}")).toMatchObject({ type: "create", paths: [`${tree}/below/file`] });
    await events.return();

    const { octets } = await at("GET", "/archive", { path: tree });
    expect(await at("PUT", "/archive", { path: `${folder}/copy` }, octets)).toMatchObject({ status: 200 });
    expect(await at("GET", "", { path: `${folder}/copy/below/file` })).toMatchObject({ text: "text" });
    const renamed = `${folder}/renamed`;
    expect(await at("POST", "/rename", { path: `${folder}/copy`, to: renamed })).toMatchObject({ status: 204 });
    expect(await at("DELETE", "", { path: renamed })).toMatchObject({ json: { code: "directory_not_empty" } });
    expect(await at("DELETE", "", { path: renamed, recursive: "true" })).toMatchObject({ status: 204 });
    expect(await at("GET", "/stat", { path: renamed })).toMatchObject({ json: { code: "not_found" } });
  });

  test("what must not be written is refused, and stays as it was", async () => {
    const path = forbidden;
    const refusal = { json: { code: "permission_denied", resource: "file" } };
    const before = await at("GET", "", { path });
    expect(await at("PUT", "", { path }, "text")).toMatchObject(refusal);
    // Of a program that runs the kernel says just that.
    expect((await at("PATCH", "", { path, offset: "0" }, "text")).status).toBeGreaterThanOrEqual(400);
    expect((await at("GET", "", { path })).octets.equals(before.octets)).toBe(true);
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as sdk from "sandkeep";
import { SandkeepMock } from "sandkeep/testing";
import { beforeAll, describe, expect, it, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const examples = join(root, "test/examples");

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

test("every snippet of docs/sdk.md is an example that tests run", () => {
  const files = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const programs = new Set(files.map((file) => readFileSync(join(examples, file), "utf8").trim()));
  const snippets = Array.from(read("docs/sdk.md").matchAll(/^```ts\n([^]*?)\n```$/gm), ([, snippet = ""]) => snippet);
  expect(snippets.length).toBeGreaterThan(10);
  expect(snippets.filter((snippet) => !programs.has(snippet))).toEqual([]);
});

test("docs/sdk.d.ts.txt declares no class and no function that users cannot import", () => {
  const declared = read("docs/sdk.d.ts.txt").matchAll(/^export declare (?:class|function) (\w+)/gm);
  const importable = new Set([...Object.keys(sdk), "SandkeepMock"]);
  expect(Array.from(declared, ([, name = ""]) => name).filter((name) => !importable.has(name))).toEqual([]);
});

/** What the tables of a part of docs/migrating-from-modal.md say of each name. */
function statusIn(heading: string): Map<string, string> {
  const [, part = ""] = read("docs/migrating-from-modal.md").split(`\n## ${heading}\n`);
  const [section = ""] = part.split("\n## ");
  const rows = section.matchAll(/^\| `([^`]+)` \| (same|better|own|not yet) \|/gm);
  return new Map(Array.from(rows, ([, name = "", status = ""]) => [name, status]));
}

const methods = statusIn("Methods");
const created = statusIn("Parameters of sandboxes.create");
const executed = statusIn("Parameters of exec");

/** Classes that users call methods of, as the table names their objects. */
const classes = {
  apps: sdk.AppService,
  client: sdk.SandkeepClient,
  file: sdk.SandboxFile,
  filesystem: sdk.SandboxFilesystem,
  image: sdk.Image,
  images: sdk.ImageService,
  process: sdk.ContainerProcess,
  proxies: sdk.ProxyService,
  sandbox: sdk.Sandbox,
  sandboxes: sdk.SandboxService,
  secrets: sdk.SecretService,
  stream: [sdk.SandkeepReadStream, sdk.SandkeepWriteStream],
  volume: sdk.Volume,
  volumes: sdk.VolumeService,
};

/** Of use inside the SDK alone: declarations leave them out. */
const internal = new Set(["image.spec"]);

describe("docs/migrating-from-modal.md", () => {
  test.each(Object.entries(classes))("has every public method of %s", (name, given) => {
    const own = [given].flat().flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype));
    const wanted = own.filter((each) => each !== "constructor").map((each) => `${name}.${each}`);
    expect(wanted.filter((each) => !internal.has(each) && !methods.has(each))).toEqual([]);
  });

  test.each([
    ["create", created, "src/sdk/sandbox/create.ts", "SandboxCreateParams"],
    ["exec", executed, "src/sdk/process/exec-params.ts", "SandboxExecParams"],
  ])("has every parameter of %s, and no other", (_, rows, file, type) => {
    const [, body = ""] = new RegExp(`interface ${type} \\{\\n([^]*?)\\n\\}`).exec(read(file)) ?? [];
    const names = Array.from(body.matchAll(/^ {2}(\w+)\??:/gm), ([, name = ""]) => name);
    expect([...rows.keys()].toSorted()).toEqual(names.toSorted());
  });
});

function pending(rows: Map<string, string>): [name: string, status: string][] {
  return [...rows].filter(([, status]) => status === "not yet");
}

/** A value that each parameter takes. */
const values: Record<string, unknown> = {
  experimentalOptions: {},
};

describe("what is not there yet is refused with NotSupportedError", () => {
  const { client } = new SandkeepMock();
  const layered = client.images.fromRegistry("debian").dockerfileCommands(["RUN true"]);
  let app: sdk.App;
  let sandbox: sdk.Sandbox;
  beforeAll(async () => {
    app = await client.apps.fromName("docs", { createIfMissing: true });
    sandbox = await client.sandboxes.create(app);
  });

  const attempts: Record<string, () => Promise<unknown>> = {
    "image.dockerfileCommands": () => layered.build(app),
    "sandbox.snapshotFilesystem": () => sandbox.snapshotFilesystem(),
    "sandbox.snapshotDirectory": () => sandbox.snapshotDirectory("/tmp"),
    "sandbox.mountImage": () => sandbox.mountImage("/mnt"),
    "sandbox.unmountImage": () => sandbox.unmountImage("/mnt"),
  };
  it.each(pending(methods))("%s", async (name) => {
    await expect(attempts[name]?.()).rejects.toBeInstanceOf(sdk.NotSupportedError);
  });

  it.each(pending(created))("create with %s", async (name) => {
    const attempt = client.sandboxes.create(app, undefined, { [name]: values[name] });
    await expect(attempt).rejects.toBeInstanceOf(sdk.NotSupportedError);
  });

  it("has no other methods and parameters", () => {
    expect(
      pending(methods)
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(Object.keys(attempts).toSorted());
    expect(
      pending(created)
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(Object.keys(values).toSorted());
  });
});

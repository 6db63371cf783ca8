import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newTenant, type Tenant } from "./tenant.ts";

const folder = join(import.meta.dirname, "../examples");
const id = "[a-z0-9-]+";

/** What each program writes; `\n\n` is the end of a line and what console.log puts behind it. */
const programs: Record<string, RegExp> = {
  "guide/entrypoint.ts": /^Serving HTTP on .*port 8080.*\n124\n$/,
  "guide/from-id.ts": /^hello\n\n$/,
  "guide/hello.ts": /^hello\n\n(\d\d:\d\d:\d\d\n){10}$/,
  "guide/identity-token.ts": /^\[ 'sandkeep.dev' \]\n$/,
  "guide/names.ts": /^true\ntrue\n$/,
  "guide/network.ts": /^\[ '9\.9\.9\.9\/32' \]\n(1|137)\n$/,
  "guide/prebuilt-image.ts": /^\S*ubuntu@sha256:[0-9a-f]{64}\n$/,
  "guide/readiness-exec.ts": /^\/tmp\/ready\n\n$/,
  "guide/readiness-tcp.ts": /^200\n\n$/,
  "guide/readiness-timeout.ts": /^Sandbox failed to become ready\n$/,
  "guide/reload-volumes.ts": /^handed over\n\n$/,
  "guide/return-codes.ts": /^42\n42\n137\n137\n$/,
  "guide/secret.ts": /^hello\n\n$/,
  "guide/tags.ts": new RegExp(
    // Those of one second come in any order.
    `^all (?<a>${id})\nall (?<b>${id})\nversion 1 \\k<a>\nversion 1 \\k<b>\nversion 1.2 (\\k<a>|\\k<b>)\n$`,
  ),
  "guide/timeout.ts": /^$/,
  "guide/volume.ts": /^kept\n\n$/,
  "javascript/connect-token.ts": /^200 Hello, abc!\n401\n$/,
  "javascript/create.ts": /^production\n\n$/,
  "javascript/end.ts": /^Still running\n0\nExited with code: 0\n$/,
  "javascript/exec.ts": /^Python 3\.\d+\.\d+\n\n0\nUint8Array\(4\) \[ 127, 69, 76, 70 \]\n$/,
  "javascript/list.ts": new RegExp(`^true\n${id}\n$`),
  "javascript/open.ts": /^Hello, world!\n$/,
  "javascript/python-script.ts": /^Median: 2\n\n$/,
  "javascript/tags.ts": /^\{ env: 'production', version: '1.0' \}\n$/,
  "javascript/tunnels.ts": /^Service available at: https:\/\/t-[0-9a-f]{32}\.tunnels\.localhost:\d+\n$/,
  "javascript/web-server.ts": /^Server available at: https:\S+\n200 true\n$/,
  "python/copy.ts": /^Hello, world!\n\n$/,
  "python/create.ts": /^hello world\n\n$/,
  "python/exec.ts": /^foo 1\n\nfoo 2\n\nfoo 3\n\n$/,
  "python/files.ts":
    /^Hello, world!\n\nHello, world!\n\n14 0644 true\na directory \d+\nhello.bin file 14\nhello.txt file 14\n\[ 'hello.txt' \]\n$/,
  "python/open.ts": /^hello, world\n$/,
  "python/watch.ts": /^Create \[ '\/tmp\/foo\/first' \]\nCreate \[ '\/tmp\/foo\/work.done' \]\n$/,
  "testing/mock.ts": /^passed\n$/,
};

let tenant: Tenant;
let home: string;

beforeAll(async () => {
  tenant = await newTenant();
  home = await mkdtemp(join(tmpdir(), "sandkeep-examples-"));
  await writeFile(join(home, "gateway.crt"), tenant.installed.certificate);
});

afterAll(async () => {
  await tenant[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

/** Runs a program as its users do, to its own end. */
async function run(program: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = {
    PATH: process.env["PATH"],
    SANDKEEP_URL: tenant.installed.gateway,
    SANDKEEP_CA_FILE: join(home, "gateway.crt"),
    SANDKEEP_TOKEN: tenant.token,
    SANDKEEP_NAMESPACE: tenant.namespace,
    // What users have of a domain of their own: it leads to the gateway, whose certificate everybody trusts.
    SANDKEEP_TEST_NODE: new URL(tenant.installed.gateway).hostname,
    NODE_EXTRA_CA_CERTS: join(home, "gateway.crt"),
    NODE_OPTIONS: `--import=${join(import.meta.dirname, "../support/tunnel-names.ts")}`,
  };
  const child = spawn(process.execPath, [join(folder, program)], { env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

test.concurrent.each(Object.entries(programs))("%s", async (program, output) => {
  const { code, stdout, stderr } = await run(program);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(output);
});

test("every example is run", async () => {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".ts"));
  expect(files.toSorted()).toEqual(Object.keys(programs).toSorted());
});

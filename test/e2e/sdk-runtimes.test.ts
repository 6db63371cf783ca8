import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePackage } from "../../hack/lib/npm-package.ts";
import { startGateway } from "../cluster/gateway/gateway-process.ts";
import { kubectl as runKubectl } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import { runtimes } from "../support/runtimes.ts";
import { newTenant, type Tenant } from "./tenant.ts";

const run = promisify(execFile);

/** What can be done in any runtime; writes a line for each step, and leaves nothing behind. */
const steps = `
  const app = await client.apps.fromName("runtimes", { createIfMissing: true });
  const sandbox = await client.sandboxes.create(app, undefined, { cpu: 0.01, memoryMiB: 16 });
  const process = await sandbox.exec(["sh", "-c", "cat; echo trouble >&2; exit 3"]);
  await process.stdin.writeText("hello ");
  await process.stdin.writeText("there");
  await process.stdin.close();
  tell(await process.stdout.readText(), (await process.stderr.readText()).trim(), await process.wait());
  await sandbox.filesystem.writeText("x".repeat(300_000), "/tmp/file");
  tell((await sandbox.filesystem.readText("/tmp/file")).length);
  await sandbox.filesystem.readText("/tmp/missing").catch((error) => tell(error.name));
  tell(await sandbox.terminate({ wait: true }));`;
const told = ["hello there trouble 3", "300000", "SandboxFilesystemNotFoundError", "137"];

let tenant: Tenant;
let folder: string;
beforeAll(async () => {
  tenant = await newTenant();
  folder = await mkdtemp(join(tmpdir(), "sandkeep-runtimes-"));
  await makePackage(join(folder, "node_modules/sandkeep"));
  await writeFile(join(folder, "package.json"), "{}");
  await writeFile(
    join(folder, "program.mjs"),
    `import { SandkeepClient } from "sandkeep";
    const client = new SandkeepClient();
    const tell = (...what) => console.log(...what);
    {${steps}}`,
  );
  await writeFile(join(folder, "gateway.crt"), tenant.installed.certificate);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await tenant[Symbol.asyncDispose]();
});

describe.each(runtimes)("a program on $name", ({ command, args }) => {
  const ways: [how: string, env: () => Record<string, string>][] = [
    [
      "URL and token",
      () => ({
        SANDKEEP_URL: tenant.installed.gateway,
        SANDKEEP_TOKEN: tenant.token,
        SANDKEEP_CA_FILE: join(folder, "gateway.crt"),
      }),
    ],
    ["kubeconfig", () => ({ KUBECONFIG: tenant.installed.kubeconfig, SANDKEEP_SERVICE_ACCOUNT: "user" })],
  ];
  test.each(ways)("works by %s, and ends by itself", async (_, variables) => {
    const env = { PATH: process.env["PATH"], HOME: folder, SANDKEEP_NAMESPACE: tenant.namespace, ...variables() };
    const { stdout } = await run(command, [...args, "program.mjs"], { cwd: folder, env });
    expect(stdout.trim().split("\n")).toEqual(told);
  });
});

test("a program in a Pod works by its service account, with nothing but the gateway's certificate", async () => {
  const { installed, kubectl } = tenant;
  const program = await bundleOf(
    `import { SandkeepClient } from "sandkeep";
    const client = new SandkeepClient();
    const tell = (...what) => console.log(...what);
    {${steps}}`,
    "node",
  );
  await writeFile(join(folder, "bundle.mjs"), program);
  const files = [`--from-file=${join(folder, "bundle.mjs")}`, `--from-file=${join(folder, "gateway.crt")}`];
  await kubectl(["create", "configmap", "program", ...files]);
  // Any image that has Node.
  const gateway = ["--namespace", "sandkeep-system", "get", "deployment", "sandkeep-gateway"];
  const image = await runKubectl(installed, [...gateway, "--output", "jsonpath={..containers[0].image}"]);
  const container = {
    name: "program",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["/usr/bin/node", "/program/bundle.mjs"],
    env: [{ name: "SANDKEEP_CA_FILE", value: "/program/gateway.crt" }],
    volumeMounts: [{ name: "program", mountPath: "/program" }],
    resources: { requests: { cpu: "10m" } },
  };
  const spec = {
    containers: [container],
    volumes: [{ name: "program", configMap: { name: "program" } }],
    serviceAccountName: "user",
    restartPolicy: "Never",
  };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "program" }, spec };
  await kubectl(["create", "--filename", "-"], JSON.stringify(pod));
  await waitFor("the program to end", async () =>
    /Succeeded|Failed/.test(await kubectl(["get", "pod", "program", "--output", "jsonpath={.status.phase}"])),
  );
  expect((await kubectl(["logs", "program"])).trim().split("\n")).toEqual(told);
});

test("a page works in a browser, where the gateway allows its origin", async () => {
  const script = await bundleOf(
    `import { SandkeepClient } from "sandkeep";
    const lines = [];
    const tell = (...what) => lines.push(what.join(" "));
    globalThis.run = async (options) => {
      const client = new SandkeepClient(options);
      ${steps.replaceAll("process", "started")}
      return lines;
    };`,
    "browser",
  );
  await using page = await pageWith(script);
  const { namespace, token, installed } = tenant;
  const variables = { SANDKEEP_GATEWAY_ALLOWED_ORIGINS: page.origin };
  await using gateway = await startGateway(installed.kubeconfig, variables);
  expect(await page.run({ url: gateway.url, token, namespace })).toEqual(told);
  const closed = { url: installed.gateway, token, namespace, retryMs: 1 };
  await expect(page.run(closed)).rejects.toThrow(/UnavailableError.*console/);
});

/** The program with the package in it, as bundlers make it. */
async function bundleOf(program: string, platform: "browser" | "node"): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: folder },
    bundle: true,
    write: false,
    format: "esm",
    platform,
  });
  return outputFiles[0]?.text ?? "";
}

interface Page extends AsyncDisposable {
  origin: string;
  /** What the script's `run` makes of these options. */
  run: (options: object) => Promise<unknown>;
}

/** A page of an origin of its own, with this script, in Chromium. */
async function pageWith(script: string): Promise<Page> {
  const server = createServer(({ url }, response) => {
    if (url === "/script.js") response.setHeader("Content-Type", "text/javascript").end(script);
    else response.setHeader("Content-Type", "text/html").end('<script type="module" src="/script.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  // Nobody can verify what gateways make for themselves.
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await page.goto(origin);
  return {
    origin,
    run: (options) => page.evaluate(`run(${JSON.stringify(options)})`),
    async [Symbol.asyncDispose]() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

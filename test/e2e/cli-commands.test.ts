import { readFile, writeFile, chmod } from "node:fs/promises";
import { get } from "node:http";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CommandLine } from "../support/command-line.ts";
import { waitFor } from "../support/wait-for.ts";
import { newCliTenant, type CliTenant } from "./cli.ts";
import { killAll, rolledOut } from "./system.ts";

let shared: CliTenant;
let cli: CommandLine;
let sandbox: string;
beforeAll(async () => {
  shared = await newCliTenant();
  ({ cli, sandbox } = shared);
});
afterAll(() => shared[Symbol.asyncDispose]());

const small = ["--cpu", "10m", "--memory", "16"];

/** What is known of all sandboxes of the tenant, as programs see it. */
async function listed(
  ...args: string[]
): Promise<{ sandboxId: string; name?: string; phase: string; reason?: string }[]> {
  return JSON.parse(await cli.output("ls", "-o", "json", ...args)) as Awaited<ReturnType<typeof listed>>;
}

async function named(name: string): Promise<{ sandboxId: string; phase: string; reason?: string } | undefined> {
  return (await listed("--all")).find((each) => each.name === name);
}

describe("run", () => {
  test("has the output, the input and the exit code of its command", async () => {
    const script = "cat; echo out; echo err >&2; exit 3";
    expect(await cli.run(["run", "-i", "--rm", ...small, "busybox:stable", "--", "sh", "-c", script], "in\n")).toEqual({
      code: 3,
      stdout: "in\nout\n",
      stderr: "err\n",
    });
  });

  test("gives no input without -i, so that loops of shells keep theirs", async () => {
    const { stdout } = await cli.run(["run", "--rm", ...small, "busybox:stable", "--", "wc", "-c"], "not for it");
    expect(stdout).toBe("0\n");
  });

  test("is ended by Ctrl-C, and its sandbox with it", async () => {
    const child = cli.start([
      "run",
      "--name",
      "interrupted",
      ...small,
      "busybox:stable",
      "--",
      "sh",
      "-c",
      "echo on; sleep 300",
    ]);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    await waitFor("the sandbox to end", async () => (await named("interrupted"))?.reason === "Terminated");
  });

  test("ends quietly when nobody reads, and its sandbox with it", async () => {
    const command = `kubectl-sandbox run --name flood ${small.join(" ")} busybox:stable -- yes | head -n 1; echo \${PIPESTATUS[0]}`;
    expect(await cli.shell(command)).toEqual({ stdout: "y\n141\n", stderr: "" });
    await waitFor("the sandbox to end", async () => (await named("flood"))?.reason === "Terminated");
  });

  test("says that the time was over, as does its exit code", async () => {
    const { code, stderr } = await cli.run([
      "run",
      "--timeout",
      "1s",
      ...small,
      "busybox:stable",
      "--",
      "sleep",
      "300",
    ]);
    expect({ code, stderr }).toMatchObject({ code: 124, stderr: expect.stringContaining("Timeout") as string });
  });

  test("that is detached gives an id, whose log and exit code can be had", async () => {
    const id = (
      await cli.output("run", "-d", ...small, "busybox:stable", "--", "sh", "-c", "echo hello; exit 4")
    ).trim();
    expect((await cli.run(["wait", id])).code).toBe(4);
    expect(await cli.output("logs", id)).toBe("hello\n");
    expect(await cli.output("get", id)).toMatch(/Exit code: +4\n/);
  });

  test("goes on when all gateways are killed, and loses nothing", async () => {
    // For longer than it takes to notice that a gateway has gone without a word.
    const script = "i=0; while [ $i -lt 250 ]; do i=$((i+1)); echo $i; sleep 0.1; done; exit 5";
    const running = cli.start(["run", "--rm", ...small, "busybox:stable", "--", "sh", "-c", script]);
    const output = text(running.stdout);
    await new Promise((resolve) => running.stdout.once("data", resolve));
    const code = new Promise((resolve) => running.once("close", resolve));
    await killAll("gateway");
    expect(await code).toBe(5);
    expect((await output).trim().split("\n").map(Number)).toEqual(Array.from({ length: 250 }, (_, index) => index + 1));
    await rolledOut("gateway");
  });

  test("has the exit code of a command that ends while all gateways are gone, and says what it cannot show", async () => {
    const script = "echo first; sleep 3; echo last; exit 5";
    const running = cli.start(["run", "--rm", ...small, "busybox:stable", "--", "sh", "-c", script]);
    const [output, errors] = [text(running.stdout), text(running.stderr)];
    await new Promise((resolve) => running.stdout.once("data", resolve));
    const code = new Promise((resolve) => running.once("close", resolve));
    await killAll("gateway");
    expect(await code).toBe(5);
    // Whether the last line gets here depends on what is noticed first.
    if ((await output) !== "first\nlast\n") expect(await errors).toContain("may be missing");
    await rolledOut("gateway");
  });
});

describe("exec", () => {
  test("has output, input, variables, directory and exit code", async () => {
    const args = ["exec", "-i", "-e", "A=1", "-w", "/tmp", sandbox, "--", "sh", "-c", "cat; echo $A $PWD; exit 6"];
    expect(await cli.run(args, "in ")).toEqual({ code: 6, stdout: "in 1 /tmp\n", stderr: "" });
  });

  test.each([
    ["a program that is missing", ["exec", sandbox, "nothing"], 127, /executable file not found/],
    ["a program that is no program", ["exec", sandbox, "/etc/passwd"], 126, /permission|executable/],
    ["a sandbox that is missing", ["exec", "nothing", "true"], 125, /no sandbox.*nothing/],
    ["a command that is missing", ["exec", sandbox], 125, /no command/],
    ["an option that is none", ["exec", "--interactve", sandbox, "true"], 125, /Did you mean --interactive/],
    ["a command that is none", ["exce"], 125, /Did you mean exec/],
    ["a terminal where there is none", ["shell", sandbox], 125, /no terminal/],
  ])("says what is wrong with %s", async (_, args, code, says) => {
    const filled = args.map((arg) => arg ?? sandbox);
    const ended = await cli.run(filled);
    expect(ended).toMatchObject({ code, stderr: expect.stringMatching(says) as string });
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  test("passes an interrupt on", async () => {
    const script = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.1; done";
    const child = cli.start(["exec", sandbox, "--", "sh", "-c", script]);
    const output = text(child.stdout);
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const code = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    expect(await code).toBe(9);
    expect(await output).toBe("ready\ncaught\n");
  });

  test("with much input and output goes on when all gateways are killed", async () => {
    const size = 64 << 20;
    const child = cli.start(["exec", "-i", sandbox, "--", "sh", "-c", `head -c ${size} /dev/zero | tr '\\0' x; cat`]);
    let octets = 0;
    const killed = new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        if (octets === 0) killAll("gateway").then(resolve, reject);
        octets += chunk.length;
      });
    });
    const code = new Promise((resolve) => child.once("close", resolve));
    await killed;
    child.stdin.end("last");
    expect(await code).toBe(0);
    expect(octets).toBe(size + 4);
    await rolledOut("gateway");
  });
});

test("lists, shows and changes sandboxes", async () => {
  expect(await cli.output("ls", "-o", "name")).toContain(`${sandbox}\n`);
  expect(await cli.output("ls", "-o", "wide")).toMatch(/^ID +APP +NAME +PHASE +IMAGE +EXIT +AGE +REASON/);
  expect(await cli.output("tags", sandbox, "team=a", "stage=b")).toBe("team=a\nstage=b\n");
  expect(await cli.output("tags", sandbox, "stage-")).toBe("team=a\n");
  expect(await cli.output("timeouts", sandbox, "--idle-timeout", "1h")).toMatch(
    /^Timeout: +\d+s\nIdle timeout: +3600s\n$/,
  );
  expect(await cli.output("timeouts", sandbox, "--no-idle-timeout")).toMatch(/\nIdle timeout: +never\n$/);
  expect(await cli.output("network", sandbox, "--allow-cidr", "203.0.113.0/24")).toMatch(
    /^Outbound: +203\.0\.113\.0\/24\nInbound: +by tunnels\n$/,
  );
  expect(await cli.output("network", sandbox, "--open")).toMatch(/^Outbound: +the public internet\n/);
  expect((await listed("--tag", "team=a")).map(({ sandboxId }) => sandboxId)).toEqual([sandbox]);
  expect(await cli.output("get", sandbox, "-o", "yaml")).toMatch(/^sandboxId: .*\n/);
  expect(await cli.output("top", "--once")).toMatch(new RegExp(`\n${sandbox} +\\d+m .*MiB`));
  expect(await cli.output("completion", "bash")).toContain("complete -o default");
  expect(await cli.output("__complete", "exec", "")).toContain(sandbox);
});

test("opens a published port in the browser, and says where it is when there is none", async () => {
  const created = await cli.output("create", "busybox:stable", "--name", "web", "--tunnel", "8000", ...small);
  const url = (await cli.output("tunnel", created.trim())).trim().split(/ +/)[1] ?? "";
  expect(url).toMatch(/^https:\/\/t-[0-9a-f]{32}\./);
  const browser = `#!/bin/sh\necho "$(basename "$0") $*" > opened.part && mv opened.part opened\n`;
  for (const name of ["xdg-open", "my-browser"]) await writeFile(join(cli.folder, name), browser, { mode: 0o755 });
  const opened = (): Promise<string> => readFile(join(cli.folder, "opened"), "utf8");
  const { stdout } = await cli.shell(`env -u BROWSER kubectl-sandbox tunnel ${created.trim()} 8000 --open`);
  expect(stdout).toContain(url);
  await waitFor("the desktop's browser", async () => (await opened()) === `xdg-open ${url}\n`);
  await cli.shell(`BROWSER=my-browser kubectl-sandbox tunnel ${created.trim()} --open`);
  await waitFor("the browser that is named", async () => (await opened()) === `my-browser ${url}\n`);
  const none = cli.shell(`BROWSER=no-browser kubectl-sandbox tunnel ${created.trim()} --open`);
  await expect(none).rejects.toThrow(`Cannot open a browser with no-browser`);
  await expect(none).rejects.toThrow(url);
  await cli.output("kill", created.trim());
});

test("follows what becomes of sandboxes", async () => {
  const child = cli.start(["ls", "--watch", "--app", "watched", "-o", "json"]);
  const lines: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => lines.push(...chunk.trim().split("\n")));
  const id = (await cli.output("create", "busybox:stable", "--app", "watched", "--name", "one", ...small)).trim();
  await waitFor("it to be told", () => lines.some((line) => line.includes(id)));
  expect(await cli.output("kill", "watched/one", "--wait")).toBe(`${id}\n`);
  await waitFor("its end to be told", () => lines.some((line) => line.includes('"deleted"')));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await ended;
});

test("forwards ports both ways, several at once", async () => {
  const server = "while :; do echo -e 'HTTP/1.0 200 OK\\r\\n\\r\\nhello' | nc -l -p 8080; done";
  await cli.output("exec", sandbox, "--", "sh", "-c", `(${server}) > /dev/null 2>&1 &`);
  const child = cli.start(["forward", sandbox, ":8080", ":9"]);
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (told += chunk));
  await waitFor("both ports", () => told.split("\n").length > 2);
  const [, port] = /127\.0\.0\.1:(\d+) -> \S+:8080/.exec(told) ?? [];
  const body = await waitFor("the program inside", () => bodyOf(`http://127.0.0.1:${port}`));
  expect(body).toBe("hello\n");
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
});

function bodyOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => void text(response).then(resolve, reject)).once("error", reject);
  });
}

test("kubectl finds it as a plugin, and completes it", async () => {
  const completion = join(cli.folder, "kubectl_complete-sandbox");
  await writeFile(completion, await cli.output("completion", "kubectl"));
  await chmod(completion, 0o755);
  const { stdout } = await cli.shell("kubectl sandbox ls -o name; kubectl __complete sandbox ex ''");
  expect(stdout).toContain(sandbox);
  expect((await cli.shell("kubectl __complete sandbox ex")).stdout).toMatch(/^exec\t/);
});

test("doctor finds all well, and says how to mend what is not", async () => {
  expect(await cli.output("doctor")).toMatch(/✓ cluster.*✓ kubectl.*✓ permissions.*✓ network policies/s);
  // It needs no kubectl.
  const path = `${cli.folder}:${dirname(process.execPath)}`;
  const { stdout: without } = await cli.shell(`PATH=${path} kubectl-sandbox doctor`);
  expect(without).toMatch(/✓ cluster.*✓ kinds.*✓ operator.*✓ gateway.*✓ permissions.*✓ network policies/s);
  expect(without).not.toContain("kubectl:");
  const { code, stdout } = await cli.run(["doctor", "--no-sandbox", "--system-namespace", "elsewhere"]);
  expect({ code, stdout }).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/✗ gateway.*\n +Install/) as string,
  });
});

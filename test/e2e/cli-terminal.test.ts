import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandLine, Terminal } from "../support/command-line.ts";
import { newCliTenant, type CliTenant } from "./cli.ts";
import { waitFor } from "../support/wait-for.ts";
import { killAll, rolledOut } from "./system.ts";

let shared: CliTenant;
let cli: CommandLine;
let sandbox: string;
beforeAll(async () => {
  shared = await newCliTenant();
  ({ cli, sandbox } = shared);
});
afterAll(() => shared[Symbol.asyncDispose]());

/** The command line that a terminal which was left says comes back. */
function comeBack({ text }: Terminal): string {
  const [, back = ""] = /To come back: kubectl sandbox (.*?)\r/.exec(text) ?? [];
  return `kubectl-sandbox ${back}`;
}

/** The characters of a kind that have been shown since the program was ready. */
function since(terminal: Terminal, those: RegExp): string | undefined {
  return terminal.text
    .slice(terminal.text.indexOf("ready") + 5)
    .match(those)
    ?.join("");
}

/** Of busybox's shell, which waits for the terminal to answer where its cursor is. */
const prompt = /\/ # /;

test("a shell has the terminal's size and its changes, Ctrl-C goes inside, and its exit code comes out", async () => {
  const terminal = cli.terminal(`kubectl-sandbox shell ${sandbox}`, { rows: 30, columns: 100 });
  await terminal.shows(prompt);
  terminal.type("while :; do stty size; sleep 0.1; done\r");
  await terminal.shows("30 100\r\n");
  await terminal.resize(41, 120);
  await terminal.shows("41 120\r\n");
  terminal.type("\x03");
  terminal.type("echo status $?; exit 7\r");
  await terminal.shows("status 130");
  expect(await terminal.ended).toBe(7);
});

test("a full-screen editor draws, follows the size and saves what is typed", async () => {
  const terminal = cli.terminal(`kubectl-sandbox exec -it ${sandbox} -- vi /tmp/poem`);
  // The last line of the screen, whichever that is.
  await terminal.shows(/\[24;1H.*\/tmp\/poem/s);
  terminal.type("iroses\rviolets");
  await terminal.shows("violets");
  await terminal.resize(12, 40);
  const drawn = await terminal.shows(/~ {39}[^ ].*\[12;1H/s);
  terminal.type("\x1b");
  // Together with what follows, it would be another key.
  await terminal.shows(/- \/tmp\/poem/s, drawn);
  terminal.type(":wq\r");
  expect(await terminal.ended).toBe(0);
  expect(await cli.output("cat", `${sandbox}:/tmp/poem`)).toBe("roses\nviolets\n");
});

test("the detach keys leave a shell running, and say how to come back to it", async () => {
  const first = cli.terminal(`kubectl-sandbox shell ${sandbox}`);
  await first.shows(prompt);
  first.type("secret=42; echo before\r");
  await first.shows(/\nbefore/);
  first.type("\x10\x11");
  await first.shows("Left running. To come back: ");
  expect(await first.ended).toBe(0);
  const second = cli.terminal(comeBack(first));
  await second.shows(/\nbefore/);
  second.type("echo it is $secret; exit\r");
  await second.shows("it is 42");
  expect(await second.ended).toBe(0);
});

test("run with a terminal ends with its command, and takes its record with it", async () => {
  const terminal = cli.terminal("kubectl-sandbox run -it --rm --name short busybox:stable -- sh");
  await terminal.shows(prompt);
  terminal.type("stty size; exit 3\r");
  await terminal.shows("24 80");
  expect(await terminal.ended).toBe(3);
  expect(await cli.output("ls", "--all", "-o", "json")).not.toContain('"short"');
});

test("two who type at once lose no key and double none, also when all gateways are killed meanwhile", async () => {
  const alphabet = "abcdefghijklmnopqrstuvwxyz";
  const bursts = 40;
  const keys = 2 * bursts * alphabet.length;
  const program = `stty raw -echo; echo ready; dd bs=1 count=${keys} 2> /dev/null`;
  const starter = cli.terminal(`kubectl-sandbox shell ${sandbox} -- sh -c '${program}'`);
  await starter.shows("ready");
  starter.type("\x10\x11");
  await starter.ended;
  const back = comeBack(starter);
  const [first, second] = [cli.terminal(back), cli.terminal(back)];
  await Promise.all([first.shows("ready"), second.shows("ready")]);

  const type = async (terminal: Terminal, text: string, own: RegExp) => {
    for (let burst = 1; burst <= bursts; burst++) {
      terminal.type(text);
      await waitFor("what was typed to be shown", () => (since(terminal, own)?.length ?? 0) >= burst * text.length);
      if (terminal === first && burst === bursts / 2) await killAll("gateway");
    }
  };
  await Promise.all([type(first, alphabet, /[a-z]/g), type(second, alphabet.toUpperCase(), /[A-Z]/g)]);
  expect([await first.ended, await second.ended]).toEqual([0, 0]);
  for (const terminal of [first, second]) {
    expect(since(terminal, /[a-z]/g)).toBe(alphabet.repeat(bursts));
    expect(since(terminal, /[A-Z]/g)).toBe(alphabet.toUpperCase().repeat(bursts));
  }
  await rolledOut("gateway");
});

test("a shell goes on when all gateways are killed: nothing that is typed or shown is lost", async () => {
  const terminal = cli.terminal(`kubectl-sandbox shell ${sandbox}`);
  await terminal.shows(prompt);
  terminal.type("i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line-$i-; sleep 0.05; done; echo done-$i\r");
  await terminal.shows("line-10-");
  await killAll("gateway");
  terminal.type("echo typed-$((6*7))\r");
  const end = await terminal.shows(/\ndone-100/);
  const lines = [...terminal.text.slice(0, end).matchAll(/\nline-(\d+)-/g)].map(([, number]) => Number(number));
  expect(lines).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  await terminal.shows("typed-42", end);
  terminal.type("exit\r");
  expect(await terminal.ended).toBe(0);
  await rolledOut("gateway");
});

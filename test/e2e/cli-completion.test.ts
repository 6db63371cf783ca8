import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandLine } from "../support/command-line.ts";
import { newCliTenant, type CliTenant } from "./cli.ts";

let shared: CliTenant;
let cli: CommandLine;
let sandbox: string;
beforeAll(async () => {
  shared = await newCliTenant();
  ({ cli, sandbox } = shared);
  await setUp("zsh/functions/_sandkeep", await cli.output("completion", "zsh"));
  await setUp("zsh/.zshrc", "PS1='ready$ '\nfpath=(zsh/functions $fpath)\nautoload -U compinit && compinit -u -D\n");
  await setUp("bashrc", "PS1='ready$ '\nsource <(kubectl-sandbox completion bash)\n");
  await setUp("fish/conf.d/sandkeep.fish", await cli.output("completion", "fish"));
  await setUp("fish/config.fish", "function fish_prompt; echo -n 'ready$ '; end\n");
});
afterAll(() => shared[Symbol.asyncDispose]());

async function setUp(file: string, text: string): Promise<void> {
  const path = join(cli.folder, file);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
}

test.each([
  ["bash", "bash --rcfile bashrc -i"],
  ["zsh", "env ZDOTDIR=$PWD/zsh zsh -d -i"],
  ["fish", "env HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_DATA_HOME=$PWD fish -i"],
])("%s completes commands, their words, options and sandboxes", async (_, commandLine) => {
  const terminal = cli.terminal(commandLine);
  let from = await terminal.shows("ready$ ");
  // What was completed is told by what it does: how shells draw a line is their own affair.
  for (const [keys, output] of [
    ["kubectl-sandbox compl\tz\t\r", "#compdef sandkeep"],
    ["kubectl-sandbox ls --al\t-o name\r", `${sandbox}\r\n`],
    ["kubectl-sandbox exec --wor\t/tmp sb\t-- sh -c 'echo in-$PWD-$((6*7))'\r", "in-/tmp-42"],
  ] as const) {
    terminal.type(keys);
    from = await terminal.shows(output, from);
    from = await terminal.shows("ready$ ", from);
  }
  terminal.type("exit\r");
  expect(await terminal.ended).toBe(0);
});

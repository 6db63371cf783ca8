import { sleep } from "../../lib/sleep.ts";
import type { FileTree } from "./file-tree.ts";
import { Signalled } from "./process.ts";
import { parseScript } from "./shell.ts";
import type { MockContext, MockProgram, MockResult } from "./types.ts";

/** A command that is ready to run. */
export type Runnable = (context: MockContext) => Promise<MockResult>;

/** Finds what a command runs: a program of the test's own, one of the mock's, or the test's own `*`; undefined if there is none. */
export type FindProgram = (command: readonly string[]) => Runnable | undefined;

/** What programs of the mock itself work with. */
interface System {
  files: FileTree;
  find: FindProgram;
}

type Program = (args: string[], context: MockContext, system: System) => MockResult | Promise<MockResult>;

/** Programs by the names that commands begin with, with or without the directory. */
export function programsOf(files: FileTree, own: Readonly<Record<string, MockProgram>>): FindProgram {
  const find: FindProgram = (command) => {
    const [path = "", ...args] = command;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const isPlain = path === name || /^(\/usr)?(\/local)?\/bin\//.test(path);
    const mocked = own[path] ?? (isPlain ? own[name] : undefined);
    const program = isPlain ? programs[name] : undefined;
    const chosen = mocked ?? (program === undefined ? own["*"] : undefined);
    if (chosen !== undefined) return async (context) => (await chosen(command, context)) ?? {};
    return program && (async (context) => await program(args, context, { files, find }));
  };
  return find;
}

const programs: Readonly<Record<string, Program>> = {
  true: () => ({}),
  false: () => ({ exitCode: 1 }),
  echo: (args) => ({ stdout: `${args.join(" ")}\n` }),
  printf: ([text = ""]) => ({ stdout: text.replaceAll("\\n", "\n").replaceAll("\\t", "\t") }),
  pwd: (_, { workdir }) => ({ stdout: `${workdir}\n` }),
  printenv: ([name = ""], { env }) => (env[name] === undefined ? { exitCode: 1 } : { stdout: `${env[name]}\n` }),
  sh: runShell,
  bash: runShell,

  async sleep([seconds], { signal }) {
    await sleep(Number(seconds) * 1000, signal);
    return {};
  },

  async cat(args, { stdin, write, workdir }, { files }) {
    if (args.length === 0) for await (const chunk of stdin) write("stdout", chunk);
    for (const path of args) write("stdout", files.read(absolute(path, workdir)));
    return {};
  },

  touch(args, { workdir }, { files }) {
    for (const path of args) files.patch(absolute(path, workdir), new Uint8Array(), { append: true, create: true });
    return {};
  },

  test: ([option, path = ""], { workdir }, { files }) => ({
    exitCode: (option === "-f" || option === "-e") && files.has(absolute(path, workdir)) ? 0 : 1,
  }),

  ln([option, target = "", path = ""], { workdir }, { files }) {
    if (option === "-s") files.link(target, absolute(path, workdir));
    return {};
  },
};

/** Ends the script with this code. */
class Exit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

async function runShell(args: string[], context: MockContext, system: System): Promise<MockResult> {
  const [option, script = "", ...parameters] = args;
  if (option !== "-c") return { exitCode: 2, stderr: "sh: the mock knows only sh -c\n" };
  const { files } = system;
  const numbered = Object.fromEntries(parameters.map((value, index) => [String(index), value]));
  let last = 0;
  try {
    for (const { words, file, toStderr, after } of parseScript(script.replaceAll("$$", "self"), {
      ...context.env,
      ...numbered,
    })) {
      if ((after === "success" && last !== 0) || (after === "failure" && last === 0)) continue;
      const written: Uint8Array[] = [];
      const encoder = new TextEncoder();
      const write: MockContext["write"] = (stream, data) => {
        if (stream === "stderr" || toStderr) context.write("stderr", data);
        else if (file === undefined) context.write("stdout", data);
        else written.push(typeof data === "string" ? encoder.encode(data) : data);
      };
      last = await runCommand(words, { ...context, write }, system);
      if (file === undefined) continue;
      const path = absolute(file.path, context.workdir);
      files.patch(path, new Uint8Array(), file.append ? { append: true, create: true } : { create: true, truncate: 0 });
      for (const octets of written) files.patch(path, octets, { append: true });
    }
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    last = error.code;
  }
  return { exitCode: last };
}

async function runCommand(words: string[], context: MockContext, { find }: System): Promise<number> {
  const [name = "", ...args] = words;
  if (name === "exit") throw new Exit(Number(args[0] ?? 0));
  if (name === "kill" && args.at(-1) === "self") throw new Signalled(signalName(args[0] ?? ""));
  const run = find(words);
  if (run === undefined) {
    context.write("stderr", `sh: ${name}: not found\n`);
    return 127;
  }
  const result = await run(context);
  if (result.stdout !== undefined) context.write("stdout", result.stdout);
  if (result.stderr !== undefined) context.write("stderr", result.stderr);
  return result.exitCode ?? 0;
}

function signalName(option: string): string {
  const name = option.replace(/^-/, "");
  return name === "9" ? "SIGKILL" : `SIG${name.replace(/^SIG/, "")}`;
}

function absolute(path: string, workdir: string): string {
  return path.startsWith("/") ? path : `${workdir}/${path}`;
}

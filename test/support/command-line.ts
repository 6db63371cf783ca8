import { execFile, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleCli } from "../../hack/lib/cli-bundle.ts";
import type { Ended } from "./installed.ts";
import { waitFor } from "./wait-for.ts";

const run = promisify(execFile);

/** The command line program as it is shipped, in a folder of its own. */
export class CommandLine implements AsyncDisposable {
  /** Where it and what it copies are. */
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#env = { ...process.env, ...env, PATH: `${folder}:${env["PATH"] ?? process.env["PATH"]}` };
  }

  /** Builds it; it runs with these variables. */
  static async build(env: NodeJS.ProcessEnv): Promise<CommandLine> {
    const folder = await mkdtemp(join(tmpdir(), "sandkeep-cli-"));
    await bundleCli(join(folder, "kubectl-sandbox"));
    await copyFile(join(import.meta.dirname, "../../package.json"), join(folder, "package.json"));
    return new CommandLine(folder, env);
  }

  /** How it ends with these arguments and this input. */
  async run(args: string[], input = ""): Promise<Ended> {
    const child = this.start(args);
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code: code ?? -1, ...output };
  }

  /** Standard output; rejects with all that it says when it fails. */
  async output(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`kubectl-sandbox ${args.join(" ")} failed with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Begins, with pipes. */
  start(args: string[]): ChildProcessWithoutNullStreams {
    return spawn(join(this.folder, "kubectl-sandbox"), args, { env: this.#env, cwd: this.folder });
  }

  /** What a shell makes of a command line in which it stands. */
  shell(script: string): Promise<{ stdout: string; stderr: string }> {
    return run("bash", ["-c", script], { env: this.#env, cwd: this.folder });
  }

  /** Begins at a terminal of its own. */
  terminal(commandLine: string, size: { rows: number; columns: number } = { rows: 24, columns: 80 }): Terminal {
    const script = `stty rows ${size.rows} cols ${size.columns}; echo "at $(tty)"; exec ${commandLine}`;
    const env = { ...this.#env, SHELL: "/bin/sh", TERM: "xterm-256color" };
    return new Terminal(spawn("script", ["-qefc", script, "/dev/null"], { env, cwd: this.folder }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A program at a real terminal: util-linux's `script` holds the other end of it. */
export class Terminal {
  /** All that it has shown. */
  text = "";
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.text += text));
    child.stdin.on("error", () => {});
    this.ended = new Promise((resolve) => child.once("close", resolve));
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Resolves once it has shown this, since `from`; with where that ends. */
  async shows(text: string | RegExp, from = 0): Promise<number> {
    const shown = () => {
      const rest = this.text.slice(from);
      const found = typeof text === "string" ? rest.indexOf(text) : rest.search(text);
      const length = typeof text === "string" ? text.length : (text.exec(rest)?.[0].length ?? 0);
      return found >= 0 && from + found + length;
    };
    try {
      return await waitFor(`the terminal to show ${String(text)}`, shown, { seconds: 60 });
    } catch (cause) {
      throw new Error(`The terminal shows ${JSON.stringify(this.text.slice(from))}`, { cause });
    }
  }

  /** Gives it another size, as a window does. */
  async resize(rows: number, columns: number): Promise<void> {
    const [, tty = ""] = /at (\/dev\/\S+)/.exec(this.text) ?? [];
    await run("stty", ["-F", tty, "rows", String(rows), "cols", String(columns)]);
  }
}

import { checkedEnv, type Env } from "../env.ts";
import { invalid } from "../errors.ts";
import { secretsFor, type SecretParam } from "../secret.ts";
import { absolutePath, wholeSeconds } from "../units.ts";
import type { TerminalSize } from "./container-process.ts";
import type { ExecRequest } from "./execution.ts";

export interface SandboxExecParams {
  /** Whether streams carry text, decoded as UTF-8, or octets. Text by default. */
  mode?: "text" | "binary";
  /** `ignore` leaves the stream empty. `pipe` by default. */
  stdout?: "pipe" | "ignore";
  stderr?: "pipe" | "ignore";
  /** With 1, chunks of text are whole lines; -1, the default, gives them as they come. */
  bufsize?: -1 | 1;
  /** Where it starts; absolute. The sandbox's by default. */
  workdir?: string;
  /** It is killed after this long, with exit code 137; whole seconds, in milliseconds. */
  timeoutMs?: number;
  /** Environment variables, besides the sandbox's own. They win over `secrets`. */
  env?: Env;
  secrets?: readonly SecretParam[];
  /** Gives it a terminal, of 24 rows and 80 columns unless it says otherwise; stderr is then in stdout. */
  pty?: boolean | TerminalSize;
  /** Its id in the sandbox, by which a repeated call starts nothing twice; made up when missing. */
  processId?: string;
  /** Aborted, the process is killed, and whatever waits for it rejects. */
  signal?: AbortSignal | undefined;
}

/** The longest that all arguments may be together, in UTF-16 units. */
const mostCharacters = 65_536;

/** @internal What the gateway is asked to start. Throws an `InvalidError` for parameters that are none. */
export async function execRequest(command: readonly string[], params: SandboxExecParams): Promise<ExecRequest> {
  // First, so that a promise among them that rejects has somebody who hears of it.
  const secrets = await secretsFor(params.secrets);
  const { workdir, timeoutMs, env, pty, processId } = params;
  const characters = command.reduce((sum, { length }) => sum + length, 0);
  if (command.length === 0) throw invalid("command must name a program");
  if (characters > mostCharacters)
    throw invalid(`The arguments have ${characters} characters together, more than ${mostCharacters}`);
  if (params.bufsize === 1 && params.mode === "binary")
    throw invalid("bufsize 1 needs mode text: octets have no lines");
  const seconds = wholeSeconds("timeoutMs", timeoutMs);
  return {
    id: processId ?? crypto.randomUUID(),
    command: [...command],
    stdinOpen: true,
    ...(workdir !== undefined && { workdir: absolutePath("workdir", workdir) }),
    ...(seconds !== undefined && { timeoutMilliseconds: seconds * 1000 }),
    ...(env !== undefined && { env: checkedEnv(env) }),
    ...(secrets.names.length > 0 && { secrets: secrets.names }),
    ...(Object.keys(secrets.values).length > 0 && { secretValues: secrets.values }),
    ...(pty !== undefined && pty !== false && { tty: pty === true ? { rows: 24, columns: 80 } : pty }),
  };
}

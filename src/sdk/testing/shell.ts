/** A command of a script, and where what it writes goes. */
export interface ScriptCommand {
  words: string[];
  /** Appended or written to, instead of standard output. */
  file?: { path: string; append: boolean };
  /** Standard output goes to standard error. */
  toStderr: boolean;
  /** Carried out only if the one before has succeeded, or failed. */
  after: "always" | "success" | "failure";
}

const word = /(?:'[^']*'|"[^"]*"|[^\s;&|<>'"])+/y;
const separator = /\s*(&&|\|\||;|\n)\s*/y;
const redirection = /\s*(>&2|1>&2|>>|>)\s*/y;

/**
 * The commands of a simple script: words with quotes and variables, joined by `;`, `&&` and `||`, with `>&2`, `> file` and
 * `>> file`. Throws for what it does not know, such as loops and pipes.
 */
export function parseScript(script: string, env: Readonly<Record<string, string>>): ScriptCommand[] {
  const commands: ScriptCommand[] = [];
  let current: ScriptCommand = { words: [], toStderr: false, after: "always" };
  let position = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    const [whole, part = whole] = pattern.exec(script) ?? [];
    if (whole !== undefined) position += whole.length;
    return part;
  };
  const finish = () => {
    if (current.words.length > 0) commands.push(current);
  };
  take(/\s*/y);
  while (position < script.length) {
    const joint = take(separator);
    if (joint !== undefined) {
      finish();
      const after = joint === "&&" ? "success" : joint === "||" ? "failure" : "always";
      current = { words: [], toStderr: false, after };
      continue;
    }
    const redirected = take(redirection);
    if (redirected?.endsWith("&2")) current.toStderr = true;
    else if (redirected !== undefined) {
      current.file = { path: unquoted(take(word) ?? "", env), append: redirected === ">>" };
    } else {
      const text = take(word);
      if (text === undefined)
        throw new SyntaxError(`The mock's sh does not know ${JSON.stringify(script.slice(position))}`);
      current.words.push(unquoted(text, env));
    }
    take(/[^\S\n]*/y);
  }
  finish();
  return commands;
}

function unquoted(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/'([^']*)'|"([^"]*)"|([^'"]+)/g, (_, single?: string, double?: string, bare?: string) =>
    single === undefined ? expanded(double ?? bare ?? "", env) : single,
  );
}

function expanded(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(
    /\$(?:(\w+)|\{(\w+)\})/g,
    (_, plain?: string, braced?: string) => env[plain ?? braced ?? ""] ?? "",
  );
}

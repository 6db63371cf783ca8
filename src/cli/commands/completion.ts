import { Argument, Command } from "commander";
import { clientFor, type GlobalOptions } from "../client.ts";
import type { MakeCommand } from "../command.ts";
import { candidatesFor, type Candidate } from "../completion/candidates.ts";
import { kubectlScript, scripts, shells, type Shell } from "../completion/scripts.ts";
import { write } from "../output/write.ts";

/** `completion`: what shells source. */
export const completion: MakeCommand = (program) =>
  new Command("completion")
    .description("print the completion script of a shell")
    .addArgument(
      new Argument("<shell>", "kubectl is the program kubectl_complete-sandbox").choices([...shells, "kubectl"]),
    )
    .addHelpText(
      "after",
      `
Examples:
  source <(${program.name()} completion bash)
  ${program.name()} completion zsh > "\${fpath[1]}/_sandkeep"
  ${program.name()} completion fish > ~/.config/fish/conf.d/sandkeep.fish
  ${program.name()} completion kubectl > ~/.local/bin/kubectl_complete-sandbox && chmod +x ~/.local/bin/kubectl_complete-sandbox`,
    )
    .action(async (shell: Shell | "kubectl") => await write(shell === "kubectl" ? kubectlScript : scripts[shell]));

/** `__complete`: what may stand in place of the last word, a line each, as kubectl asks its plugins. */
export const complete: MakeCommand = (program) =>
  new Command("__complete")
    .argument("[words...]")
    .helpOption(false)
    .allowUnknownOption()
    .action(async (_: string[], __: object, command: Command) => {
      // All that follows, whether it looks like an option of this program or not.
      const words = process.argv.slice(process.argv.indexOf(command.name()) + 1);
      const wanted = candidatesFor(program, words);
      const possible =
        wanted === "sandboxes" ? await sandboxes(command.optsWithGlobals<GlobalOptions>()) : wanted.candidates;
      // Bash takes all that it is given.
      const found = possible.filter(({ text }) => text.startsWith(words.at(-1) ?? ""));
      const lines = found.map(({ text, description = "" }) => `${text}\t${description}\n`);
      // 4: no names of files, 0: those as well.
      await write(`${lines.join("")}:${found.length > 0 ? 4 : 0}\n`);
    });

/** How long completion may wait for the cluster; milliseconds. */
const patience = 2_000;

async function sandboxes(options: GlobalOptions): Promise<Candidate[]> {
  const client = await clientFor(options);
  const found: Candidate[] = [];
  try {
    for await (const info of client.sandboxes.listInfo({ signal: AbortSignal.timeout(patience) })) {
      const text = info.name === undefined ? info.sandboxId : `${info.app}/${info.name}`;
      found.push({ text, description: `${info.image ?? ""} ${info.phase}`.trim() });
    }
  } catch {
    // No cluster, no suggestions.
  }
  return found;
}

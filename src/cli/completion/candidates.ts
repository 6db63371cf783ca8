import type { Command, Option } from "commander";

/** Something that may stand where the cursor is. */
export interface Candidate {
  text: string;
  description?: string;
}

/** What can stand where the cursor is: texts, or sandboxes, which only the cluster knows. */
export type Wanted = { candidates: Candidate[] } | "sandboxes";

/** What may stand in place of the last word; the ones before are complete. */
export function candidatesFor(program: Command, words: readonly string[]): Wanted {
  const [last = "", ...before] = words.toReversed();
  before.reverse();
  if (before.includes("--")) return { candidates: [] };
  const { command, positionals } = commandOf(program, before);
  const options = [...command.options, ...(command === program ? [] : program.options)];
  const previous = options.find((option) => isNamed(option, before.at(-1)));
  if (previous?.required === true) return { candidates: (previous.argChoices ?? []).map((text) => ({ text })) };
  if (last.startsWith("-"))
    return {
      candidates: options
        .filter((option) => option.long?.startsWith(last) === true)
        .map((option) => ({ text: option.long ?? "", description: option.description })),
    };
  if (command === program)
    return {
      candidates: program.commands
        .filter((each) => !each.name().startsWith("__") && each.name().startsWith(last))
        .map((each) => ({ text: each.name(), description: each.description() })),
    };
  const places = command.registeredArguments;
  const place = places[Math.min(positionals, places.length - 1)];
  if (place?.argChoices) return { candidates: place.argChoices.map((text) => ({ text })) };
  const name = place?.name() ?? "";
  return /^(sandbox|sandboxes|files|places)$/.test(name) && !last.includes(":") ? "sandboxes" : { candidates: [] };
}

/** The command that words name, and how many arguments it has been given. */
function commandOf(program: Command, words: readonly string[]): { command: Command; positionals: number } {
  let command = program;
  let positionals = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const option = [...command.options, ...program.options].find((option) => isNamed(option, word));
    if (option?.required === true) i++;
    else if (!word.startsWith("-")) {
      const found = command === program ? program.commands.find((each) => each.name() === word) : undefined;
      if (found === undefined) positionals++;
      else command = found;
    }
  }
  return { command, positionals };
}

function isNamed({ short, long }: Option, word: string | undefined): boolean {
  return word !== undefined && (word === short || word === long);
}

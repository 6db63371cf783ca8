import { Command } from "commander";
import { paint } from "./output/paint.ts";
import { FAILURE } from "./errors.ts";
import { commands } from "./commands/index.ts";
import { version } from "./version.ts";

/** The command line, and the exit code of the command that it ran. */
export interface Program {
  command: Command;
  exitCode: () => number;
}

/** The program as users call it: by `kubectl sandbox` or `sandkeep`. Nothing runs before it parses. */
export function makeProgram(name: string): Program {
  let code = 0;
  const program = new Command(name)
    .description("Run untrusted code in sandboxes on your Kubernetes cluster.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .helpCommand("help [command]", "explain a command")
    .option("-n, --namespace <name>", "where the sandboxes are")
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <file>", "the kubeconfig")
    .option("--url <url>", "the gateway, in place of the cluster of the kubeconfig")
    .option("--service-account <name>", "act as this service account: NAME or NAMESPACE/NAME")
    .option("--debug", "say all that is known of an error")
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (text) => paint("bold", text, process.stdout),
      styleCommandText: (text) => paint("cyan", text, process.stdout),
    })
    .configureOutput({ outputError: (text, write) => write(paint("red", text, process.stderr)) })
    .exitOverride()
    .showHelpAfterError(`(${name} --help says more)`)
    .addHelpText("after", `\nExit codes: the command's own, ${FAILURE} when ${name} itself fails. See docs/cli.md.`);
  for (const make of commands) {
    const command = make(program, (exitCode) => (code = exitCode));
    program.addCommand(command.copyInheritedSettings(program), { hidden: command.name().startsWith("__") });
  }
  return { command: program, exitCode: () => code };
}

import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { CommandLine } from "../support/command-line.ts";
import { newTenant, type Tenant } from "./tenant.ts";

/** The command line program as a new tenant's user, and a sandbox of that tenant's by its id. */
export interface CliTenant extends AsyncDisposable {
  cli: CommandLine;
  sandbox: string;
}

/** What the tests of a file share; its namespace goes when it is disposed. */
export async function newCliTenant(): Promise<CliTenant> {
  const tenant = await newTenant();
  const cli = await commandLineOf(tenant);
  return {
    cli,
    sandbox: await sandboxFor(cli),
    async [Symbol.asyncDispose]() {
      await cli[Symbol.asyncDispose]();
      await tenant[Symbol.asyncDispose]();
    },
  };
}

/** The command line program as the tenant's user. */
async function commandLineOf({ installed, namespace, token }: Tenant): Promise<CommandLine> {
  const built = await CommandLine.build({
    PATH: installed.path,
    KUBECONFIG: installed.kubeconfig,
    SANDKEEP_URL: installed.gateway,
    SANDKEEP_TOKEN: token,
    SANDKEEP_NAMESPACE: namespace,
    SANDKEEP_CA_FILE: "gateway.crt",
    NO_COLOR: "1",
  });
  await writeFile(join(built.folder, "gateway.crt"), installed.certificate);
  return built;
}

/** A sandbox of busybox that lives as long as the tests of a file; its id. */
async function sandboxFor(cli: CommandLine): Promise<string> {
  const resources = ["--cpu", "10m", "--memory", "16"];
  return (await cli.output("create", "busybox:stable", "--timeout", "1h", "--wait", ...resources)).trim();
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_APP, ENTRYPOINT_PROCESS } from "../../src/api/constants.ts";
import { App } from "../../src/sdk/app.ts";
import { SandkeepClient } from "../../src/sdk/client.ts";
import { CommandLine } from "../support/command-line.ts";
import type { Bench } from "./bench.ts";
import { timed } from "./timed.ts";

const times = 15;
const warmUp = 3;
const image = "alpine:3.21";

/** The command line program, for the user of the benchmarks. */
export async function commandLineFor({ installed, namespace, token }: Bench): Promise<CommandLine> {
  const cli = await CommandLine.build({
    PATH: installed.path,
    KUBECONFIG: installed.kubeconfig,
    SANDKEEP_URL: installed.gateway,
    SANDKEEP_TOKEN: token,
    SANDKEEP_NAMESPACE: namespace,
    SANDKEEP_CA_FILE: "gateway.crt",
  });
  await writeFile(join(cli.folder, "gateway.crt"), installed.certificate);
  return cli;
}

/** Milliseconds of a sandbox that is created for `true`, its output and its exit code: through the SDK, and by `kubectl sandbox run`; in turn. */
export async function measureRun(bench: Bench): Promise<Record<"sdk" | "cli", number[]>> {
  const { gateway: url, certificate: ca } = bench.installed;
  await using client = new SandkeepClient({ url, ca, token: bench.token, namespace: bench.namespace });
  await using cli = await commandLineFor(bench);
  const samples = { sdk: [] as number[], cli: [] as number[] };
  for (let i = 0; i < warmUp + times; i++) {
    const sdk = await timed(() => runBySdk(client));
    const byHand = await timed(() => cli.output("run", "--cpu", "100m", "--memory", "64Mi", image, "--", "true"));
    if (i < warmUp) continue;
    samples.sdk.push(sdk);
    samples.cli.push(byHand);
  }
  return samples;
}

async function runBySdk(client: SandkeepClient): Promise<void> {
  const params = { command: ["true"], cpu: 0.1, memoryMiB: 64 };
  const sandbox = await client.sandboxes.create(new App(DEFAULT_APP), client.images.fromRegistry(image), params);
  const process = await sandbox.attach(ENTRYPOINT_PROCESS);
  const [, , code] = await Promise.all([process.stdout.readText(), process.stderr.readText(), process.wait()]);
  if (code !== 0) throw new Error(`true ended with ${code}`);
}

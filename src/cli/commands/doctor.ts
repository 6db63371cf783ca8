import type { Access } from "../../sdk/node/kubeconfig/select.ts";
import { clientFor, type GlobalOptions } from "../client.ts";
import { defineCommand } from "../command.ts";
import { failure, messageOf, warning, type Finding } from "../doctor/finding.ts";
import { serialized, withFormat, type FormatOptions } from "../output/format.ts";
import { paint } from "../output/paint.ts";
import { visible } from "../output/visible.ts";
import { write } from "../output/write.ts";

interface DoctorOptions extends FormatOptions {
  image: string;
  systemNamespace: string;
  sandbox: boolean;
}

/** `doctor`: whether all that Sandkeep needs is well. */
export const doctor = defineCommand<DoctorOptions>({
  usage: "doctor",
  summary: "check cluster, versions, permissions, registry and network policies, and say how to mend each",
  examples: [
    ["doctor", "1 is the exit code when something does not work"],
    ["doctor --no-sandbox -o json", "without making one, for programs"],
  ],
  options: (command) =>
    withFormat(command)
      .option("--image <image>", "what to look up and run; it should have nc", "busybox:stable")
      .option("--system-namespace <name>", "where Sandkeep is installed", "sandkeep-system")
      .option("--no-sandbox", "make no sandbox; then nothing is known of network policies"),
  async run(_, { output, image, systemNamespace, sandbox, ...options }) {
    const findings: Finding[] = [];
    for await (const finding of examine(options, image, systemNamespace, sandbox)) {
      findings.push(finding);
      if (output === undefined || output === "wide") await write(shown(finding));
    }
    if (output === "json" || output === "yaml") await write(await serialized(findings, output));
    return findings.some(({ result }) => result === "failure") ? 1 : 0;
  },
});

async function* examine(
  options: GlobalOptions,
  image: string,
  system: string,
  withSandbox: boolean,
): AsyncGenerator<Finding, void, void> {
  const { accessFor, apiServerOf } = await import("../doctor/api-server.ts");
  const { checkCluster, checkKinds, checkSystem } = await import("../doctor/cluster.ts");
  const { checkKubectl } = await import("../doctor/kubectl.ts");
  const { checkRights, subjectOf } = await import("../doctor/rights.ts");
  const { checkGateway, checkRegistry, checkSandbox } = await import("../doctor/gateway.ts");
  let access: Access | undefined;
  try {
    access = await accessFor(options);
    if (access === undefined)
      yield warning("cluster", "There is no kubeconfig", "The checks of the cluster need one: set KUBECONFIG.");
  } catch (error) {
    yield failure("cluster", messageOf(error), "Mend the kubeconfig, or choose another: --kubeconfig, --context.");
  }
  const server = access && apiServerOf(access);
  if (server !== undefined) {
    yield await checkCluster(server);
    yield await checkKinds(server);
    yield* await checkSystem(server, system);
  }
  const kubectl = await checkKubectl();
  if (kubectl !== undefined) yield kubectl;
  const client = await clientFor(options, { retryMs: 3_000 });
  const api = await checkGateway(client);
  yield api;
  if (access !== undefined) {
    const { namespace = process.env["SANDKEEP_NAMESPACE"] ?? access.namespace ?? "default", serviceAccount } = options;
    const account = serviceAccount?.includes("/") === true ? serviceAccount : `${namespace}/${serviceAccount}`;
    const as =
      serviceAccount === undefined
        ? subjectOf(process.env["SANDKEEP_TOKEN"])
        : `system:serviceaccount:${account.replace("/", ":")}`;
    yield await checkRights(apiServerOf(access, as), namespace, as);
  }
  if (api.result !== "ok") return;
  yield await checkRegistry(client, image);
  if (withSandbox) yield* await checkSandbox(client, server, image);
}

const marks = {
  ok: ["green", "✓"],
  warning: ["yellow", "!"],
  failure: ["red", "✗"],
} as const;

/** A finding as lines. What is wrong is told in others' words: those of a sandbox, a registry, a token. */
export function shown({ check, result, says, mend }: Finding): string {
  const [color, mark] = marks[result];
  const line = `${paint(color, mark, process.stdout)} ${check}: ${visible(says)}\n`;
  return mend === undefined ? line : `${line}    ${visible(mend)}\n`;
}

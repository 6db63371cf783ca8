import type { NetworkInfo, NetworkPolicyParams } from "../../sdk/sandbox/network.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { decisionTable } from "../output/decisions.ts";
import { table } from "../output/table.ts";
import { write } from "../output/write.ts";
import { repeated } from "../parse/pairs.ts";

interface NetworkOptions {
  allowCidr?: string[];
  allowDomain?: string[];
  allowNothing?: boolean;
  block?: boolean;
  open?: boolean;
  decisions?: boolean;
}

/** `network`: shows and changes what a sandbox may reach. */
export const network = defineCommand<NetworkOptions>({
  usage: "network <sandbox>",
  summary: "show or change what a sandbox may reach",
  args: { sandbox: "its id, or APP/NAME" },
  examples: [
    ["network my-app/worker", "what it may reach, and who may reach it"],
    ["network my-app/worker --allow-cidr 203.0.113.0/24", "reach only this from now on"],
    ["network my-app/worker --block", "no network at all"],
    ["network my-app/worker --decisions", "what was allowed and denied by name, the last ones first"],
    ["network my-app/worker --open", "the public internet"],
  ],
  options: (command) =>
    command
      .option("--allow-cidr <range>", "reach only this; again for more", repeated)
      .option("--allow-domain <domain>", "reach only this, such as *.example.com; again for more", repeated)
      .option("--allow-nothing", "reach nothing, and still be reached by tunnels")
      .option("--block", "no network at all")
      .option("--open", "reach the public internet")
      .option("--decisions", "show what was decided about names that it wanted to reach"),
  async run([[reference = ""] = []], { allowCidr, allowDomain, allowNothing, block, open, decisions, ...options }) {
    const change = changeFor({
      ...(allowCidr && { allowCidr }),
      ...(allowDomain && { allowDomain }),
      ...(allowNothing === true && { allowNothing }),
      ...(block === true && { block }),
      ...(open === true && { open }),
    });
    const sandbox = await sandboxOf(await clientFor(options), reference);
    if (change !== undefined) await sandbox.updateNetworkPolicy(change);
    if (decisions === true) return await write(decisionTable((await sandbox.networkDecisions()).decisions));
    await write(table(networkLines((await sandbox.info()).network)));
  },
});

/** What the options ask for; lists that are not given are empty. Throws a `Failure` for options that exclude each other. */
export function changeFor({
  allowCidr,
  allowDomain,
  allowNothing,
  block,
  open,
}: NetworkOptions): NetworkPolicyParams | undefined {
  const changes: NetworkPolicyParams[] = [
    ...(allowCidr || allowDomain
      ? [{ outboundCidrAllowlist: allowCidr ?? [], outboundDomainAllowlist: allowDomain ?? [] }]
      : []),
    ...(allowNothing ? [{ outboundCidrAllowlist: [], outboundDomainAllowlist: [] }] : []),
    ...(block ? [{ blockNetwork: true }] : []),
    ...(open ? [{ blockNetwork: false }] : []),
  ];
  if (changes.length > 1) {
    throw new Failure(
      "The options exclude each other",
      "Give lists with --allow-cidr and --allow-domain, or one of --allow-nothing, --block and --open.",
    );
  }
  return changes[0];
}

/** What may be reached and who may reach it, a line for each. */
export function networkLines({
  blockNetwork,
  outboundCidrAllowlist: cidrs,
  outboundDomainAllowlist: domains,
  inboundCidrAllowlist: inbound,
}: NetworkInfo): string[][] {
  const outbound = cidrs || domains ? listed([...(cidrs ?? []), ...(domains ?? [])], "nothing") : "the public internet";
  return [
    ["Outbound:", blockNetwork ? "blocked" : outbound],
    ["Inbound:", blockNetwork ? "blocked" : inbound ? listed(inbound, "nobody") : "by tunnels"],
  ];
}

function listed(list: readonly string[], none: string): string {
  return list.length === 0 ? none : list.join(", ");
}

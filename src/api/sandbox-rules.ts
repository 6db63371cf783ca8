import { atMostOneOf, type Rule } from "./rule.ts";
import { characters, MAX_COMMAND_LENGTH } from "./schema/command.ts";

/** The part of `Sandbox.spec` that rules over several members look at. */
interface Ruled {
  image?: string;
  snapshotName?: string;
  imageName?: string;
  command?: string[];
  args?: string[];
  readinessProbe?: object;
  readinessProbeName?: string;
  network?: { block?: boolean };
  tunnels?: object[];
  customDomain?: string;
}

/** What must hold among the members of `Sandbox.spec`. */
export const sandboxSpecRules: Rule<Ruled>[] = [
  atMostOneOf("image", "snapshotName", "imageName"),
  atMostOneOf("readinessProbe", "readinessProbeName"),
  {
    cel: `(has(self.command) ? self.command.map(a, size(a)).sum() : 0) + (has(self.args) ? self.args.map(a, size(a)).sum() : 0) <= ${MAX_COMMAND_LENGTH}`,
    message: `command and args must not exceed ${MAX_COMMAND_LENGTH} characters together`,
    field: "command",
    holds: ({ command = [], args = [] }) => characters([...command, ...args]) <= MAX_COMMAND_LENGTH,
  },
  {
    cel: "!has(self.network) || !has(self.network.block) || !self.network.block || !has(self.tunnels) || self.tunnels.size() == 0",
    message: "network.block excludes tunnels",
    field: "network",
    holds: ({ network, tunnels = [] }) => network?.block !== true || tunnels.length === 0,
  },
  {
    cel: "!has(self.customDomain) || (has(self.tunnels) && self.tunnels.size() > 0)",
    message: "customDomain needs tunnels",
    field: "customDomain",
    holds: ({ customDomain, tunnels = [] }) => customDomain === undefined || tunnels.length > 0,
  },
];

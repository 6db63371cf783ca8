import { sleep } from "../../src/lib/sleep.ts";
import { clusterCommand } from "../support/cluster.ts";
import type { GatewayClient } from "../support/gateway-client.ts";
import { kubectl, type Installed } from "../support/installed.ts";
import type { Random } from "./random.ts";

/** Something that breaks while operations are under way. */
export interface Fault {
  name: string;
  /** Milliseconds from one to the next, at least and at most. */
  every: [least: number, most: number];
  strike: (random: Random) => Promise<void>;
}

/** Every process in a sandbox that joins a link to the agent: ends them, and so the links, from inside. */
const cut = `for process in /proc/[0-9]*; do
  tr '\\0' ' ' < $process/cmdline 2> /dev/null | grep -q 'agent [c]onnect' && kill -9 \${process#/proc/}
done`;

/** Ends the links of one of the sandboxes after the other. */
export function cutLinks(gateway: GatewayClient, sandboxes: readonly [string, ...string[]]): Fault {
  return {
    name: "links cut",
    every: [200, 1500],
    async strike(random) {
      // The link that carries this command is among those it ends, so there is no answer to look at.
      await gateway
        .send(
          "POST",
          `/sandboxes/${random.pick(sandboxes)}/exec`,
          { command: ["sh", "-c", cut] },
          {},
          AbortSignal.timeout(5000),
        )
        .catch(() => {});
    },
  };
}

/** Kills one of the gateways without warning. */
export function killGateway(installed: Installed): Fault {
  const system = ["--namespace", "sandkeep-system"];
  const selector = ["--selector", "app.kubernetes.io/component=gateway"];
  return {
    name: "gateways killed",
    every: [15_000, 40_000],
    async strike(random) {
      const pods = await kubectl(installed, [...system, "get", "pods", ...selector, "--output=name"]);
      const [first = "", ...others] = pods.trim().split("\n");
      await kubectl(installed, [...system, "delete", random.pick([first, ...others]), "--grace-period=0", "--force"]);
    },
  };
}

/** Kills the API server, through which all links go; its supervisor starts it again. */
export function killApiServer({ cluster }: Installed): Fault {
  return {
    name: "API servers killed",
    every: [40_000, 80_000],
    strike: async () => void (await clusterCommand("kill", "apiserver", "--name", cluster)),
  };
}

/** Strikes again and again until the signal is aborted; resolves with how often it did. */
export async function keepStriking({ every, strike }: Fault, random: Random, signal: AbortSignal): Promise<number> {
  for (let strikes = 0; ; strikes++) {
    await sleep(random.integer(...every), signal).catch(() => {});
    if (signal.aborted) return strikes;
    await strike(random);
  }
}

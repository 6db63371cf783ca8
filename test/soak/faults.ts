import { sleep } from "../../src/lib/sleep.ts";
import { clusterCommand } from "../support/cluster.ts";
import { outcomeOf, type Answer, type GatewayClient } from "../support/gateway-client.ts";
import { kubectl, type Installed } from "../support/installed.ts";
import type { Random } from "./random.ts";

/** Something that breaks while operations are under way. */
export interface Fault {
  name: string;
  /** Milliseconds from one to the next, at least and at most. */
  every: [least: number, most: number];
  /** Resolves with whether there was something to break; rejects where another fault is in the way. */
  strike: (random: Random) => Promise<boolean>;
}

type Sandboxes = readonly [string, ...string[]];

/** Every process in a sandbox that joins a link to the agent: ends them, and so the links, from inside. */
const cutAll = `for process in /proc/[0-9]*; do
  tr '\\0' ' ' < $process/cmdline 2> /dev/null | grep -q 'agent [c]onnect' && kill -9 \${process#/proc/}
done`;

/** Ends the links of one of the sandboxes after the other. */
export function cutLinks(gateway: GatewayClient, sandboxes: Sandboxes): Fault {
  return {
    name: "links cut",
    every: [200, 1500],
    async strike(random) {
      // The link that carries this command is among those it ends, so there is no answer to look at.
      await run(gateway, random.pick(sandboxes), cutAll).catch(() => {});
      return true;
    },
  };
}

/** The agent's processes that carry large bodies: looks for some for two seconds, and ends them. */
const cutBodies = `for look in 1 2 3 4 5 6 7 8 9 10; do
  streams=$(grep -lzE '^(read|write)$' /proc/[0-9]*/cmdline 2> /dev/null)
  for stream in $streams; do pid=\${stream#/proc/}; kill -9 \${pid%/cmdline} 2> /dev/null && echo cut; done
  [ -z "$streams" ] || break
  sleep 0.2
done`;

/** Ends the streams of large bodies in one of the sandboxes after the other, and leaves the links. */
export function cutStreams(gateway: GatewayClient, sandboxes: Sandboxes): Fault {
  return {
    name: "streams cut",
    every: [200, 1500],
    async strike(random) {
      const { status, text } = await run(gateway, random.pick(sandboxes), cutBodies);
      return status === 200 && outcomeOf(text).stdout !== "";
    },
  };
}

function run(gateway: GatewayClient, id: string, script: string): Promise<Answer> {
  const command = ["sh", "-c", script];
  return gateway.send("POST", `/sandboxes/${id}/exec`, { command }, {}, AbortSignal.timeout(5000));
}

/** Kills one of the gateways without warning. */
export function killGateway(installed: Installed): Fault {
  const system = ["--namespace", "sandkeep-system"];
  const selector = ["--selector", "app.kubernetes.io/component=gateway"];
  return {
    name: "gateways killed",
    every: [8_000, 25_000],
    async strike(random) {
      const pods = await kubectl(installed, [...system, "get", "pods", ...selector, "--output=name"]);
      const [first = "", ...others] = pods.trim().split("\n");
      await kubectl(installed, [...system, "delete", random.pick([first, ...others]), "--grace-period=0", "--force"]);
      return true;
    },
  };
}

/** Kills the API server, through which all links go; its supervisor starts it again. */
export function killApiServer({ cluster }: Installed): Fault {
  return {
    name: "API servers killed",
    every: [40_000, 80_000],
    async strike() {
      await clusterCommand("kill", "apiserver", "--name", cluster);
      return true;
    },
  };
}

/** Strikes again and again until the signal is aborted; resolves with how often there was something to break. */
export async function keepStriking({ every, strike }: Fault, random: Random, signal: AbortSignal): Promise<number> {
  for (let strikes = 0; ;) {
    await sleep(random.integer(...every), signal).catch(() => {});
    if (signal.aborted) return strikes;
    if (await strike(random).catch(() => false)) strikes++;
  }
}

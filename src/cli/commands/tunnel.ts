import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Tunnel } from "../../sdk/tunnel.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { table } from "../output/table.ts";
import { write } from "../output/write.ts";

interface TunnelOptions {
  open?: boolean;
}

/** `tunnel`: where the ports of a sandbox are reached from outside. */
export const tunnel = defineCommand<TunnelOptions>({
  usage: "tunnel <sandbox> [port]",
  summary: "show where ports of a sandbox are reached from outside",
  args: { sandbox: "its id, or APP/NAME", port: "the port inside; all that were published without it" },
  examples: [
    ["tunnel my-app/web", "a line for each port"],
    ["tunnel my-app/web 8000 --open", "opens it in a browser"],
  ],
  options: (command) => command.option("--open", "open the first of them in a browser: $BROWSER, or the desktop's"),
  async run([[reference = ""] = [], ports = []], { open, ...options }) {
    const sandbox = await sandboxOf(await clientFor(options), reference);
    const tunnels = chosen(await sandbox.tunnels(), ports[0]);
    await write(table(tunnels.map(tunnelLine)));
    const [first] = tunnels;
    if (open === true && first !== undefined) await openInBrowser(first[1].url);
  },
});

/** The tunnels that are meant, by port inside. Throws a `Failure` when there is none. */
export function chosen(tunnels: Readonly<Record<number, Tunnel>>, port: string | undefined): [string, Tunnel][] {
  const all = Object.entries(tunnels);
  if (all.length === 0)
    throw new Failure("The sandbox publishes no port", "Create it with --tunnel PORT, or use forward.");
  const meant = all.filter(([inside]) => port === undefined || inside === port);
  if (meant.length === 0)
    throw new Failure(`Port ${port} is not published`, `These are: ${all.map(([inside]) => inside).join(", ")}.`);
  return meant;
}

/** Port inside, URL, and where it is reached without TLS; in mode Ingress of a class that is all there is of some. */
export function tunnelLine([inside, tunnel]: [string, Tunnel]): string[] {
  const { url, unencryptedHost, unencryptedPort } = tunnel;
  if (unencryptedPort === undefined) return [inside, url];
  const plain = `tcp://${unencryptedHost}:${unencryptedPort}`;
  return tunnel.host === unencryptedHost && tunnel.port === unencryptedPort ? [inside, plain] : [inside, url, plain];
}

const openers: Partial<Record<NodeJS.Platform, string>> = { darwin: "open", win32: "explorer" };

async function openInBrowser(url: string): Promise<void> {
  const program = process.env["BROWSER"] || (openers[process.platform] ?? "xdg-open");
  const opener = spawn(program, [url], { stdio: "ignore", detached: true });
  try {
    await once(opener, "spawn");
  } catch {
    throw new Failure(`Cannot open a browser with ${program}`, `Name one in BROWSER, or open ${url} yourself.`);
  }
  opener.unref();
}

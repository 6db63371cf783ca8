import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter } from "node:path";
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
    if (open === true) await openInBrowser(pageOf(tunnels));
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

/** Port inside, URL, and where it is reached without TLS. */
export function tunnelLine([inside, tunnel]: [string, Tunnel]): string[] {
  const { url, unencryptedHost, unencryptedPort } = tunnel;
  if (unencryptedPort === undefined) return [inside, url];
  const plain = `tcp://${unencryptedHost}:${unencryptedPort}`;
  return hasTls(tunnel) ? [inside, url, plain] : [inside, plain];
}

/** The URL of the first that a browser can open. Throws a `Failure` when there is none. */
export function pageOf(tunnels: readonly [string, Tunnel][]): string {
  const page = tunnels.find(([, tunnel]) => hasTls(tunnel));
  if (page === undefined)
    throw new Failure(
      `No browser can open ${tunnels.map((each) => tunnelLine(each).at(-1)).join(", ")}: there is no TLS`,
      "Create the sandbox with --tunnel PORT, without /tcp.",
    );
  return page[1].url;
}

/** In mode Ingress of a class, what is not encrypted is all that there is of a port. */
function hasTls({ host, port, unencryptedHost, unencryptedPort }: Tunnel): boolean {
  return host !== unencryptedHost || port !== unencryptedPort;
}

/** What `BROWSER` says: several are parted by colons, of which the first is taken, with arguments and `%s` for the URL. */
export function browserCommand(browser: string, url: string): string[] {
  const [first = ""] = browser.split(delimiter);
  const words = first.split(" ").filter((word) => word !== "");
  return words.includes("%s") ? words.map((word) => (word === "%s" ? url : word)) : [...words, url];
}

const openers: Partial<Record<NodeJS.Platform, string>> = { darwin: "open", win32: "explorer" };

async function openInBrowser(url: string): Promise<void> {
  const [program = "", ...args] = browserCommand(
    process.env["BROWSER"] || (openers[process.platform] ?? "xdg-open"),
    url,
  );
  const opener = spawn(program, args, { stdio: "ignore", detached: true });
  try {
    await once(opener, "spawn");
  } catch {
    throw new Failure(`Cannot open a browser with ${program}`, `Name one in BROWSER, or open ${url} yourself.`);
  }
  opener.unref();
}

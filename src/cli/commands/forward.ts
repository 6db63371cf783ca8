import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import type { Sandbox } from "../../sdk/sandbox/sandbox.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { interruption } from "../terminal/interrupts.ts";
import { visible } from "../output/visible.ts";
import { write } from "../output/write.ts";
import { portsOf, type ForwardedPort } from "../parse/ports.ts";

interface ForwardOptions {
  address: string;
}

/** `forward`: ports inside, reachable here. */
export const forward = defineCommand<ForwardOptions>({
  usage: "forward <sandbox> <ports...>",
  summary: "reach ports of a sandbox from this machine, until Ctrl-C",
  args: { sandbox: "its id, or APP/NAME", ports: "LOCAL:REMOTE, or one for both; :REMOTE takes any free port" },
  examples: [
    ["forward my-app/worker 8080:80 5432", "localhost:8080 is port 80 inside, 5432 itself"],
    ["forward my-app/worker :3000", "prints which port it is"],
  ],
  options: (command) => command.option("--address <address>", "where to listen", "127.0.0.1"),
  async run([[reference = ""] = [], texts = []], { address, ...options }) {
    const ports = texts.map(portsOf);
    const sandbox = await sandboxOf(await clientFor(options), reference);
    using interrupt = interruption();
    for (const port of ports) await listen(sandbox, port, address);
    await interrupt.promise;
  },
});

async function listen(sandbox: Sandbox, { local, remote }: ForwardedPort, address: string): Promise<void> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    connect(sandbox, remote, socket).catch((error: unknown) => {
      socket.destroy();
      const reason = error instanceof Error ? error.message : String(error);
      void write(visible(`Port ${remote}: ${reason}\n`), process.stderr);
    });
  });
  server.listen(local, address);
  try {
    await once(server, "listening");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(`Cannot listen at ${address}:${local}: ${reason}`, `Choose another one, such as :${remote}.`);
  }
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : local;
  await write(`Forwarding ${address}:${port} -> ${sandbox.sandboxId}:${remote}\n`);
}

/** Carries octets both ways until both sides have ended. Rejects when there is nothing to connect to, or it breaks off. */
async function connect(sandbox: Sandbox, port: number, socket: Socket): Promise<void> {
  socket.on("error", () => {});
  const inside = await sandbox.connect(port);
  socket.once("close", () => inside.close());
  const outwards = async () => {
    for await (const octets of inside.readable) {
      if (!socket.write(octets)) await Promise.race([once(socket, "drain"), once(socket, "close")]);
    }
    socket.end();
  };
  const inwards = async () => {
    try {
      for await (const octets of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>)
        await inside.write(octets);
      await inside.end();
    } catch (error) {
      // The client has gone: the other direction has been closed with it.
      if (!socket.destroyed) throw error;
    }
  };
  await Promise.all([outwards(), inwards()]);
}

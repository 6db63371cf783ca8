import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pino } from "pino";
import type { WebSocket } from "ws";
import type { Link } from "../../../src/agent-link/link.ts";
import { ATTACH_PROTOCOL, PORT_PROTOCOL } from "../../../src/api/constants.ts";
import { SandkeepError } from "../../../src/api/errors.ts";
import { agentProxy } from "../../../src/gateway/agent/proxy.ts";
import type { SendToAgent } from "../../../src/gateway/agent/send.ts";
import { auditTo } from "../../../src/gateway/audit.ts";
import { unauthenticated } from "../../../src/gateway/auth/bearer.ts";
import { portHandler } from "../../../src/gateway/ports/connect.ts";
import { attachHandler } from "../../../src/gateway/processes/attach.ts";
import { createApp } from "../../../src/gateway/server/app.ts";
import type { Handlers } from "../../../src/gateway/server/bind.ts";
import { wantsWebSocket } from "../../../src/gateway/websocket/upgrade.ts";
import { serveUpgrades } from "../../../src/lib/upgrades.ts";
import { WebSockets } from "../../../src/gateway/websocket/web-sockets.ts";
import { orAborted } from "../../../src/lib/or-aborted.ts";
import { logOptions } from "../../../src/log.ts";
import { openWebSocket, type Refused } from "../../support/web-socket.ts";
import type { RealAgent } from "../agent-link/real-agent.ts";

/** What of the gateway serves WebSockets, with real agents behind it and users of the test's own. */
export interface WebSocketGateway extends AsyncDisposable {
  port: number;
  /** Lines of the log. */
  lines: string[];
  attachments: WebSockets;
  /** Breaks the link to the agent. */
  cutLink(): void;
  open(path: string, protocols: string[], headers?: Record<string, string>): Promise<WebSocket | Refused>;
}

/** The token that may, below this path. */
export const allowed: Record<string, string> = { authorization: "Bearer good" };
const base = "/v1/namespaces/ns/sandboxes/a";

export async function webSocketGateway(agent: Pick<RealAgent, "connect">): Promise<WebSocketGateway> {
  const lines: string[] = [];
  const log = pino(logOptions, { write: (line: string) => void lines.push(line) });
  let current: { link: Link; stream: Duplex } | undefined;
  const send: SendToAgent = async (_name, _seconds, request) => {
    if (!current?.link.open) current = await agent.connect();
    return await current.link.request(request);
  };
  const proxy = agentProxy(send);
  const audit = auditTo(log, "hash");
  const attachments = new WebSockets(ATTACH_PROTOCOL);
  const ports = new WebSockets(PORT_PROTOCOL);
  const handlers: Partial<Handlers> = {
    waitForExit: () => Promise.reject(new SandkeepError("deadline_exceeded", "process", "it still runs")),
    readStdout: ({ signal }) => orAborted(new Promise(() => {}), signal),
    attachProcess: attachHandler(proxy, audit, attachments),
    connectPort: portHandler(proxy, audit, ports),
  };
  const guard = {
    async authenticate(authorization: string | undefined) {
      if (authorization !== "Bearer good" && authorization !== "Bearer weak")
        throw unauthenticated("Cannot authenticate");
      return { username: authorization.slice(7) };
    },
    async authorise(user: { username: string }) {
      if (user.username === "weak") throw new SandkeepError("permission_denied", "sandbox", "no");
    },
  };
  const app = createApp({ handlers: handlers as Handlers, guard, ready: () => true, log });
  const server = createServer({ shouldUpgradeCallback: wantsWebSocket }, app);
  serveUpgrades(server, app);
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    lines,
    attachments,
    cutLink: () => void current?.stream.destroy(),
    open: (path, protocols, headers = allowed) =>
      openWebSocket(`ws://127.0.0.1:${port}${base}${path}`, protocols, { headers }),
    async [Symbol.asyncDispose]() {
      current?.link.destroy();
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import { agentClient } from "../../agent-link/client.ts";
import { LinkError } from "../../agent-link/link-error.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { Stdin } from "../../api/process.ts";
import type { AgentProxy } from "../agent/proxy.ts";
import type { Audit } from "../audit.ts";
import type { Call, Handler } from "../server/bind.ts";
import { serve } from "../websocket/serve.ts";
import type { WebSockets } from "../websocket/web-sockets.ts";
import { statusFrame } from "./attach-frames.ts";
import { carry, type Attachment } from "./attachment.ts";

/** A WebSocket at a process. It ends with the process; whoever goes away ends nothing but the WebSocket. */
export function attachHandler(agent: AgentProxy, audit: Audit, sockets: WebSockets): Handler<"attachProcess"> {
  return async (call) => {
    const { params, query, signal } = call;
    const stdin = await audit.attach(call, inputOf(agent, call));
    const peer = sockets.accept(call);
    const attachment: Attachment = {
      process: params.process,
      stdin,
      ask: (path, more) => agent.ask(call, path, more),
      peer,
      from: { stdout: query.stdoutOffset, stderr: query.stderrOffset, stdin: query.stdinOffset },
      signal,
    };
    await serve(call, peer, {
      run: () => carry(attachment),
      tell: (error) => peer.send(statusFrame({ error })),
    });
  };
}

/** Where the input of the process stands, if it can go on from where the client would send it. */
async function inputOf(agent: AgentProxy, call: Call<"attachProcess">): Promise<Stdin> {
  const client = agentClient({ request: ({ path, ...more }) => agent.ask(call, path, more) });
  const { id, stdin } = await client.getProcess(call.params.process);
  if (stdin === undefined) throw new LinkError(`The agent does not say where the input of process "${id}" stands`);
  const wanted = call.query.stdinOffset ?? 0;
  if (wanted <= stdin.offset) return stdin;
  throw new SandkeepError(
    "conflict",
    "process",
    `Cannot send input to process "${id}" from ${wanted} on: it has got ${stdin.offset} bytes: send from there`,
    { details: { offset: stdin.offset } },
  );
}

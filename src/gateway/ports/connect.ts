import { Readable } from "node:stream";
import { LinkError } from "../../agent-link/link-error.ts";
import type { LinkResponse } from "../../agent-link/link.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import type { AgentProxy } from "../agent/proxy.ts";
import type { Audit } from "../audit.ts";
import type { Handler } from "../server/bind.ts";
import { Inbox } from "../websocket/inbox.ts";
import type { Peer } from "../websocket/peer.ts";
import { serve } from "../websocket/serve.ts";
import type { WebSockets } from "../websocket/web-sockets.ts";
import { PortFrames } from "./frames.ts";

/** A WebSocket that is a TCP connection to a port inside a sandbox, which is open before the WebSocket is. */
export function portHandler(agent: AgentProxy, audit: Audit, sockets: WebSockets): Handler<"connectPort"> {
  return async (call) => {
    const opened = Promise.withResolvers<Inbox>();
    const body = Readable.from(upstream(opened.promise, call.signal), { objectMode: false });
    const request = { method: "POST", body, repeatable: false };
    const answer = await audit.port(call, agent.ask(call, `/ports/${call.params.port}`, request));
    const peer = sockets.accept(call);
    const inbox = new Inbox(peer);
    opened.resolve(inbox);
    await serve(call, peer, { run: () => Promise.race([downstream(answer, peer), take(peer, inbox)]) });
    answer.body.destroy();
  };
}

/** What the client sends, as the body of a request that begins before there is a client. */
async function* upstream(opened: Promise<Inbox>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const inbox = await orAborted(opened, signal);
  for (;;) {
    const { octets, ended } = await inbox.take(signal);
    if (octets.length > 0) yield octets;
    if (ended) return;
  }
}

/** Puts messages into the inbox; an empty one is the end. Rejects when one is of text. */
function take(peer: Peer, inbox: Inbox): Promise<never> {
  return new Promise((_, reject) => {
    peer.onMessage((message) => {
      if (message.length === 0) inbox.end();
      else inbox.add(message);
    }, reject);
  });
}

/** Sends the client what comes from the port, as fast as it takes it. Resolves when both directions have ended. */
async function downstream({ body }: LinkResponse, peer: Peer): Promise<void> {
  const frames = new PortFrames();
  for await (const chunk of body as AsyncIterable<Buffer>)
    for (const octets of frames.read(chunk)) await peer.send(octets);
  if (!frames.ended) throw new LinkError("The connection to the port broke off");
}

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket, type ClientOptions } from "ws";

/** Why there is no WebSocket. */
export interface Refused {
  status: number;
  headers: IncomingMessage["headers"];
  json: { code?: string; message?: string; resource?: string; details?: unknown };
}

/** A WebSocket that is open, or the reply that came in its place. Takes messages only from when `receive` is given. */
export async function openWebSocket(
  url: string,
  protocols: string[],
  options: ClientOptions,
): Promise<WebSocket | Refused> {
  const socket = new WebSocket(url, protocols, { ...options, perMessageDeflate: false });
  socket.binaryType = "nodebuffer";
  socket.on("error", () => {});
  return await new Promise((resolve, reject) => {
    // What has come with the head waits until somebody listens.
    socket.once("open", () => {
      socket.pause();
      resolve(socket);
    });
    socket.once("unexpected-response", (_, response) => void refusalOf(response).then(resolve, reject));
    socket.once("close", (code) => reject(new Error(`The WebSocket closed with ${code} before it was open`)));
  });
}

/** The WebSocket; throws when it was refused. */
export function opened(answer: WebSocket | Refused): WebSocket {
  if (answer instanceof WebSocket) return answer;
  throw new Error(`The WebSocket was refused with ${answer.status}: ${JSON.stringify(answer.json)}`);
}

/** The refusal; throws when there was none. */
export function refused(answer: WebSocket | Refused): Refused {
  if (!(answer instanceof WebSocket)) return answer;
  answer.terminate();
  throw new Error("The WebSocket was not refused");
}

/** How a WebSocket ends. */
export interface Closed {
  code: number;
  reason: string;
}

/** Resolves when it has ended. */
export async function closing(socket: WebSocket): Promise<Closed> {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return { code, reason: reason.toString() };
}

async function refusalOf(response: IncomingMessage): Promise<Refused> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  const json = text === "" ? {} : (JSON.parse(text) as Refused["json"]);
  return { status: response.statusCode ?? 0, headers: response.headers, json };
}

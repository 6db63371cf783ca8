import { once } from "node:events";
import { createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { relay } from "../../../src/gateway/agent/relay.ts";
import { sendMerged } from "../../../src/gateway/logs/send.ts";

async function answer(response: ServerResponse): Promise<void> {
  const body = new PassThrough();
  const headers = { "content-length": "5", "content-range": "bytes 0-4/5", "sandkeep-offset": "7" };
  const relayed = relay({ status: 206, headers, body }, "text/plain", response);
  body.destroy(new Error("reset"));
  await relayed.catch(() => sendMerged(Readable.from([Buffer.from("all of the log")]), response));
}

it("takes the place of an answer that broke off before it was begun, whatever that said of its length", async () => {
  const server = createServer((_, response) => void answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const [reply] = (await once(get({ port, host: "127.0.0.1" }), "response")) as [IncomingMessage];
    expect(await text(reply)).toBe("all of the log");
    expect(reply.headers).toMatchObject({ "sandkeep-offset": "0", "sandkeep-streams": "merged" });
    expect(reply.headers).not.toHaveProperty("content-length");
    expect(reply.headers).not.toHaveProperty("content-range");
    expect(reply.statusCode).toBe(200);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

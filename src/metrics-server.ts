import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { metrics } from "./metrics.ts";

/** Plain HTTP for kubelet and Prometheus, until disposed. */
export interface MetricsServer extends AsyncDisposable {
  readonly port: number;
}

/** Serves `/healthz`, `/readyz` and `/metrics`; port 0 takes any free one. */
export async function serveMetrics(port: number, ready: () => boolean): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(body);
    };
    if (request.url === "/healthz") answer(200, "ok\n");
    else if (request.url === "/readyz") answer(ready() ? 200 : 503, ready() ? "ok\n" : "not ready\n");
    else if (request.url === "/metrics") {
      metrics.metrics().then(
        (text) => answer(200, text, metrics.contentType),
        (error: unknown) => answer(500, `${String(error)}\n`),
      );
    } else answer(404, "not found\n");
  });
  server.listen(port);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

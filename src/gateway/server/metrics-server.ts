import { createServer, type Server } from "node:http";
import { metrics } from "../../metrics.ts";

/** Plain HTTP for kubelet and Prometheus: `/healthz`, `/readyz`, `/metrics`. To be kept off the Service. */
export function metricsServer(ready: () => boolean): Server {
  return createServer((request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8") => {
      response.writeHead(status, { "content-type": type }).end(body);
    };
    if (request.method !== "GET") answer(405, "method not allowed\n");
    else if (request.url === "/healthz") answer(200, "ok\n");
    else if (request.url === "/readyz") answer(ready() ? 200 : 503, ready() ? "ok\n" : "not ready\n");
    else if (request.url === "/metrics")
      metrics.metrics().then(
        (text) => answer(200, text, metrics.contentType),
        (error: unknown) => answer(500, `${String(error)}\n`),
      );
    else answer(404, "not found\n");
  });
}

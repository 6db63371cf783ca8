import { createServer } from "node:http";
import { serving, type Serving } from "./lib/serving.ts";
import { metrics } from "./metrics.ts";

/** Plain HTTP for kubelet and Prometheus: `/healthz`, `/readyz` and `/metrics`; port 0 takes any free one. */
export async function serveMetrics(port: number, ready: () => boolean): Promise<Serving> {
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
  return await serving(server, port);
}

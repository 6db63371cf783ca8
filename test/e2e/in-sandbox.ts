import { expect } from "vitest";
import type { Answer, GatewayClient, Method } from "../support/gateway-client.ts";

/** A request about files: what the path says behind `files`, and the query. */
export type FileRequest = [
  method: Method,
  operation: string,
  query: Record<string, string>,
  body?: string | Buffer,
  headers?: Record<string, string>,
];

/** Sends a request about files of a sandbox. */
export function askFiles(
  gateway: GatewayClient,
  id: string,
  ...[method, operation, query, body, headers]: FileRequest
): Promise<Answer> {
  const path = `/sandboxes/${id}/files${operation}?${new URLSearchParams(query).toString()}`;
  return gateway.send(method, path, body, headers);
}

/** What a shell script writes in a sandbox; it must succeed, and complain of nothing. */
export async function shellIn(gateway: GatewayClient, id: string, script: string): Promise<string> {
  const { stdout, stderr, code } = await gateway.exec(id, { command: ["sh", "-c", script] });
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  return stdout;
}

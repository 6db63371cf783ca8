import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { LinkRequest, LinkResponse } from "../../../src/agent-link/link.ts";
import type { LinkPool } from "../../../src/agent-link/pool.ts";
import { hastener } from "../../../src/gateway/sandboxes/hasten.ts";
import { aSandbox } from "./a-sandbox.ts";

/** A pool with an open link to "ns/a", and what was asked over it. */
function poolWith(answer: () => Promise<LinkResponse>): { pool: Pick<LinkPool, "opened">; asked: string[] } {
  const asked: string[] = [];
  const request = ({ method, path }: LinkRequest) => {
    asked.push(`${method} ${path}`);
    return answer();
  };
  const link = { request } as ReturnType<LinkPool["opened"]>;
  return {
    pool: { opened: ({ namespace, pod, uid }) => (`${namespace}/${pod} ${uid}` === "ns/a uid-1" ? link : undefined) },
    asked,
  };
}

const accepted = () => Promise.resolve({ status: 202, headers: {}, body: Readable.from([]) });

test("an agent to which there is a link is told at once", () => {
  const { pool, asked } = poolWith(accepted);
  hastener(pool)(aSandbox());
  expect(asked).toEqual(["POST /terminate"]);
});

test("a sandbox with a grace period, or without a link, is left to Kubernetes", () => {
  const { pool, asked } = poolWith(accepted);
  hastener(pool)(aSandbox({ spec: { terminationGracePeriodSeconds: 1 } }));
  hastener(pool)(aSandbox({ uid: "uid-2" }));
  expect(asked).toEqual([]);
});

test("a link that breaks meanwhile disturbs nobody", async () => {
  const { pool } = poolWith(() => Promise.reject(new Error("the link broke")));
  hastener(pool)(aSandbox());
  await new Promise((resolve) => void setImmediate(resolve));
});

import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ConnectionError, SilentWatchError } from "../../../src/kube/api-error.ts";
import type { WatchEvent } from "../../../src/kube/client.ts";
import { NODE, type Node } from "../../../src/kube/objects.ts";
import { watch } from "../../../src/kube/watch.ts";
import { stubServer } from "../../support/stub-server.ts";

afterEach(() => {
  vi.useRealTimers();
});

const added = { type: "ADDED", object: { metadata: { name: "a", resourceVersion: "6" } } };
const bookmark = { type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } };
const expired = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } };

/** What a watch yields, and how it ends, when the server does this. */
async function watched(serve: (response: ServerResponse) => void) {
  const paths: (string | undefined)[] = [];
  await using server = await stubServer({
    request: ({ url }, response) => {
      paths.push(url);
      serve(response);
    },
  });
  const events: WatchEvent<Node>[] = [];
  try {
    for await (const event of watch(server.connection, NODE, { resourceVersion: "5" })) events.push(event);
    return { paths, events };
  } catch (error) {
    return { paths, events, error };
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

describe("a watch", () => {
  test("asks for bookmarks and an end after 5 to 10 minutes", async () => {
    const { paths } = await watched((response) => response.end());
    const query = new URL(paths[0] ?? "", "http://x").searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: "5",
    });
    expect(Number(query.get("timeoutSeconds"))).toBeGreaterThanOrEqual(300);
    expect(Number(query.get("timeoutSeconds"))).toBeLessThan(600);
  });

  test("yields events and bookmarks, however they are cut, until the server closes", async () => {
    const { events, error } = await watched((response) => {
      const text = line(added) + line(bookmark);
      response.write(text.slice(0, 20), () => response.end(text.slice(20)));
    });
    expect(error).toBeUndefined();
    expect(events).toEqual([added, { type: "BOOKMARK", resourceVersion: "9" }]);
  });

  test("throws what the server reports within the stream", async () => {
    const { events, error } = await watched((response) => response.end(line(added) + line(expired)));
    expect(events).toHaveLength(1);
    expect(error).toMatchObject({ name: "ApiError", status: 410, message: "too old" });
  });

  test("throws when the server refuses", async () => {
    const { error } = await watched((response) =>
      response.writeHead(403).end(JSON.stringify({ kind: "Status", message: "no" })),
    );
    expect(error).toMatchObject({ name: "ApiError", status: 403, message: "no" });
  });

  test("throws when the stream breaks, after the events before", async () => {
    const { events, error } = await watched((response) => response.write(line(added), () => response.destroy()));
    expect(events).toHaveLength(1);
    expect(error).toBeInstanceOf(ConnectionError);
  });

  test("throws on a line that is no JSON", async () => {
    const { error } = await watched((response) => response.end("<html>\n"));
    expect(error).toBeInstanceOf(ConnectionError);
  });

  test("takes 90 s of silence for a dead connection", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await using server = await stubServer({ request: (_, response) => response.write(line(added)) });
    const events = watch(server.connection, NODE, { resourceVersion: "5" });
    await events.next();
    const next = events.next().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(90_000);
    const error = await next;
    expect(error).toBeInstanceOf(SilentWatchError);
    expect(String(error)).toContain("was silent for 90 s");
  });

  test("ends with the signal's reason when aborted", async () => {
    await using server = await stubServer({ request: (_, response) => response.write(line(added)) });
    const controller = new AbortController();
    const events = watch(server.connection, NODE, { resourceVersion: "5", signal: controller.signal });
    await events.next();
    controller.abort(new Error("enough"));
    await expect(events.next()).rejects.toThrow("enough");
  });
});

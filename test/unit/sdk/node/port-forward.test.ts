import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { Inbox } from "../../../../src/sdk/http/inbox.ts";
import { ConnectionError, type TransportSocket } from "../../../../src/sdk/http/transport.ts";
import { readyPods, type EndpointSlice } from "../../../../src/sdk/node/kubernetes/gateway-pods.ts";
import { ForwardedPort } from "../../../../src/sdk/node/kubernetes/port-forward.ts";

/** A WebSocket whose other side is the test. */
function pair() {
  const inbox = new Inbox({ pause: () => {}, resume: () => {}, leave: () => {} });
  const sent: Uint8Array[] = [];
  let closed = 0;
  const socket: TransportSocket = {
    send: async (message) => void sent.push(message),
    messages: inbox,
    close: () => void closed++,
  };
  const hear = (...octets: number[]) => inbox.add(Uint8Array.from(octets));
  return { port: new ForwardedPort(socket), inbox, sent, hear, isClosed: () => closed > 0 };
}

describe("a forwarded port", () => {
  test("gives what comes behind the number of the port, however it is cut", async () => {
    const { port, hear, inbox } = pair();
    hear(0, 0x20, 0xfb);
    hear(1, 0x20, 0xfb);
    hear(0, 1, 2);
    hear(0);
    hear(0, 3);
    inbox.end();
    expect([...(await buffer(port))]).toEqual([1, 2, 3]);
  });

  test("sends octets on their channel", async () => {
    const { port, sent } = pair();
    await new Promise((resolve) => port.write(Buffer.from([7, 8]), resolve));
    expect(sent.map((message) => [...message])).toEqual([[0, 7, 8]]);
  });

  test("fails with what the error channel says", async () => {
    const { port, hear, isClosed } = pair();
    hear(0, 0x20, 0xfb);
    hear(1, 0x20, 0xfb);
    hear(1, ...Buffer.from("no such port"));
    port.resume();
    const [error] = (await once(port, "error")) as [Error];
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toContain("no such port");
    expect(isClosed()).toBe(true);
  });

  test("fails with what breaks the WebSocket", async () => {
    const { port, inbox } = pair();
    const broken = new ConnectionError("broken");
    inbox.fail(broken);
    port.resume();
    expect(await once(port, "error")).toEqual([broken]);
  });
});

test.each<[what: string, slices: EndpointSlice[], pods: string[]]>([
  ["none", [{ ports: null, endpoints: null }, {}], []],
  [
    "those that are ready, or do not say",
    [
      {
        ports: [
          { name: "metrics", port: 8081 },
          { name: "https", port: 8443 },
        ],
        endpoints: [
          { conditions: { ready: true }, targetRef: { kind: "Pod", name: "a" } },
          { conditions: { ready: false }, targetRef: { kind: "Pod", name: "b" } },
          { targetRef: { kind: "Pod", name: "c" } },
          { conditions: { ready: true }, targetRef: { kind: "Node", name: "d" } },
          { conditions: { ready: true } },
        ],
      },
      { ports: [{ name: "https", port: 9443 }], endpoints: [{ targetRef: { kind: "Pod", name: "e" } }] },
    ],
    ["a:8443", "c:8443", "e:9443"],
  ],
])("of the Pods behind a Service count %s", (_, slices, pods) => {
  expect(readyPods(slices).map(({ pod, port }) => `${pod}:${port}`)).toEqual(pods);
});

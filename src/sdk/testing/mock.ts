import { SandkeepError } from "../../api/errors.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import { SandkeepClient } from "../client.ts";
import type { Transport, TransportReply } from "../http/transport.ts";
import { refusal } from "./replies.ts";
import { requestOf } from "./request.ts";
import { answer } from "./routes.ts";
import type { MockParams } from "./types.ts";
import { MockWorld } from "./world.ts";

/**
 * Sandboxes in memory, for unit tests of programs that use the SDK: no cluster, no container, and nothing that is really run. The
 * client is the real one, so that parameters, errors and streams are as they are with a cluster.
 */
export class SandkeepMock {
  readonly client: SandkeepClient;

  constructor(params: MockParams = {}) {
    const namespace = "default";
    const transport = mockTransport(new MockWorld(params, namespace));
    this.client = new SandkeepClient({ connection: { transport, namespace } });
  }
}

function mockTransport(world: MockWorld): Transport {
  return {
    async request(request) {
      const { signal } = request;
      signal?.throwIfAborted();
      const reply = await orAborted(answered(world, requestOf(request)), signal);
      return { ...reply, body: untilAborted(reply.body, signal) };
    },
    close() {},
  };
}

async function answered(world: MockWorld, request: ReturnType<typeof requestOf>): Promise<TransportReply> {
  try {
    return await answer(world, request);
  } catch (error) {
    if (error instanceof SandkeepError) return refusal(error);
    throw error;
  }
}

async function* untilAborted<T>(values: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T, void, void> {
  const iterator = values[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await orAborted(iterator.next(), signal);
    if (done === true) return;
    yield value;
  }
}

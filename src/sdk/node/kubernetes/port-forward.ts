import { Duplex } from "node:stream";
import { ConnectionError, type TransportSocket } from "../../http/transport.ts";
import type { ApiServer } from "./api-server.ts";
import { withRight, type PodPort } from "./gateway-pods.ts";

/** Each message of `v4.channel.k8s.io` begins with its channel: of the first port, 0 has octets, and 1 why there are no more. */
const protocol = "v4.channel.k8s.io";
const dataChannel = 0;
const errorChannel = 1;
/** Each channel begins with the number of the port, in two octets. */
const portOctets = 2;

/** A TCP connection to a port of a Pod, through the API server. */
export async function forwardPort(
  server: ApiServer,
  namespace: string,
  { pod, port }: PodPort,
  signal: AbortSignal,
): Promise<ForwardedPort> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward?ports=${port}`;
  try {
    return new ForwardedPort(await server.webSocket(path, protocol, signal));
  } catch (cause) {
    throw withRight(cause, namespace, "create and get pods/portforward");
  }
}

/** The octets of one port. It ends as a whole: the protocol has no way to end one direction. */
export class ForwardedPort extends Duplex {
  readonly #socket: TransportSocket;
  readonly #messages: AsyncIterator<Uint8Array>;
  readonly #preludes = new Map([
    [dataChannel, portOctets],
    [errorChannel, portOctets],
  ]);

  constructor(socket: TransportSocket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#messages = socket.messages[Symbol.asyncIterator]();
  }

  /** Whether the program is kept alive by what may still come. */
  keepAlive(whether: boolean): void {
    this.#socket.keepAlive?.(whether);
  }

  override _read(): void {
    this.#next().then(
      (data) => this.push(data),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  override _write(chunk: Uint8Array, _encoding: string, written: (error?: Error | null) => void): void {
    const message = new Uint8Array(chunk.length + 1);
    message[0] = dataChannel;
    message.set(chunk, 1);
    this.#socket.send(message).then(() => written(), written);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.close();
    done(error);
  }

  /** The next octets, and null at the end. */
  async #next(): Promise<Uint8Array | null> {
    for (;;) {
      const { done, value } = await this.#messages.next();
      if (done === true) return null;
      const channel = value[0] ?? -1;
      const prelude = this.#preludes.get(channel) ?? 0;
      this.#preludes.delete(channel);
      const content = value.subarray(1 + prelude);
      if (content.length === 0) continue;
      if (channel === errorChannel)
        throw new ConnectionError(`The port-forward ended: ${new TextDecoder().decode(content)}`);
      if (channel === dataChannel) return content;
    }
  }
}

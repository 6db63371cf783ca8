import { text } from "node:stream/consumers";
import type { ErrorCode } from "../../../api/errors.ts";
import { deadline } from "../../../lib/deadline.ts";
import { ConnectionError, type TransportReply, type TransportSocket } from "../../http/transport.ts";
import { refused } from "../configuration-error.ts";
import type { Access } from "../kubeconfig/select.ts";
import { nodeTransport, type NodeTransport } from "../transport.ts";
import { CredentialSource, type Credentials } from "./credentials.ts";

const answerMilliseconds = 30_000;

/** The refusal of an API server, as `metav1.Status` has it. */
interface Status {
  message?: string;
}

const codes: Record<number, ErrorCode> = { 401: "unauthenticated", 403: "permission_denied", 404: "not_found" };

/** The API server of a kubeconfig, as the user of it. */
export class ApiServer {
  readonly #access: Access;
  readonly #source: CredentialSource;

  constructor(access: Access) {
    this.#access = access;
    this.#source = new CredentialSource(access);
  }

  /** The credentials as they are now. */
  credentials(): Promise<Credentials> {
    return this.#source.current();
  }

  /** Gets credentials anew on next use. Tells whether others can be had. */
  forget(): boolean {
    return this.#source.forget();
  }

  /** The JSON of a successful answer. Rejects with what was refused, or with a `ConnectionError`. */
  async json<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    const transport = await this.#transport();
    const headers = { accept: "application/json", "content-type": "application/json" };
    using limit = deadline(answerMilliseconds);
    const { signal } = limit;
    try {
      const request = { method, path, headers, signal, ...(body && { body: JSON.stringify(body) }) };
      const reply = await transport.request(request);
      if (reply.status >= 300) throw await this.#refusalOf(reply);
      return JSON.parse(await text(reply.body)) as T;
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new ConnectionError(`The API server ${this.#access.server} did not answer in time`, { cause });
    } finally {
      transport.close();
    }
  }

  /** A WebSocket of this subprotocol. */
  async webSocket(path: string, protocol: string, signal: AbortSignal): Promise<TransportSocket> {
    const transport = await this.#transport();
    return await transport.webSocket(path, protocol, (reply) => this.#refusalOf(reply), signal);
  }

  /** Each with the credentials of its moment; requests are too rare to keep connections for. */
  async #transport(): Promise<NodeTransport> {
    const { tls, headers, bearer } = await this.#source.current();
    return nodeTransport({
      url: this.#access.server,
      tls,
      headers,
      ...(bearer && { token: async () => (await this.#source.current()).bearer?.token ?? "" }),
      refused: () => this.#source.forget(),
      peer: "API server",
    });
  }

  async #refusalOf(reply: TransportReply): Promise<Error> {
    const said = await text(reply.body).catch(() => "");
    const why =
      reply.status === 401
        ? `it does not accept the credentials of the user "${this.#access.userName}" in the kubeconfig; log in again`
        : (messageIn(said) ?? `it answered ${reply.status}`);
    const code = codes[reply.status] ?? "unavailable";
    return refused(code, `The API server ${this.#access.server} refused: ${why}`);
  }
}

function messageIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as Status | null)?.message;
  } catch {
    return body.trim() === "" ? undefined : body.trim().slice(0, 500);
  }
}

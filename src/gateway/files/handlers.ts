import type { fileRoutes } from "../../api/routes/files.ts";
import type { LinkResponse } from "../../agent-link/link.ts";
import type { BulkProxy } from "../agent/bulk.ts";
import { contentTypes, type AgentProxy } from "../agent/proxy.ts";
import { relay } from "../agent/relay.ts";
import type { AgentRequest } from "../agent/send.ts";
import type { Audit } from "../audit.ts";
import type { Call, Handlers } from "../server/bind.ts";
import { beginningOf } from "./beginning.ts";

type FileRoute = keyof typeof fileRoutes;

/** Files, as an authenticated way to the sandbox's agent. Each access leaves a line in the audit log. */
export function fileHandlers({ ask }: AgentProxy, bulk: BulkProxy, audit: Audit): Pick<Handlers, FileRoute> {
  const answer = async (call: Call<FileRoute>, asked: Promise<LinkResponse>, type: string = contentTypes.json) =>
    relay(await audit.file(call, call.query, asked), type, call.response);

  const forward = (call: Call<FileRoute>, operation = "", more: Partial<AgentRequest> = {}, type?: string) =>
    answer(call, ask(call, pathOf(call, operation), more), type);

  const download = (call: Call<FileRoute>, operation: string, type: string, more: Partial<AgentRequest> = {}) => {
    const path = pathOf(call, operation);
    const asked = call.request.method === "HEAD" ? ask(call, path, more) : bulk.download(call, path, more);
    return answer(call, asked, type);
  };

  /** Small bodies in one message with their heads; others as they come, which cannot be sent again. */
  const upload = async (call: Call<Upload>, operation = "", more: Partial<AgentRequest> = {}) => {
    const { request } = call;
    const path = pathOf(call, operation);
    const body = await beginningOf(request);
    if (body.whole !== undefined) return answer(call, ask(call, path, { ...more, body: body.whole }));
    const coming = { repeatable: false, waitMilliseconds: uploadMilliseconds };
    if (body.large) return answer(call, bulk.upload(call, path, request, coming));
    const length = request.headers["content-length"];
    const headers = { ...(length !== undefined && { "content-length": length }) };
    return answer(call, ask(call, path, { ...coming, body: request, headers }));
  };

  return {
    readFile: (call) => download(call, "", contentTypes.octets, ranged(call)),
    // Written as a whole or not at all, so it may be sent again.
    writeFile: (call) => upload(call, "", { repeatable: true }),
    patchFile: (call) => upload(call, "", { repeatable: false }),
    // What an attempt without an answer has done would be refused the second time.
    removeFile: (call) => forward(call, "", { repeatable: false }),
    statFile: (call) => forward(call, "/stat"),
    listFiles: (call) => forward(call, "/list"),
    makeDirectory: (call) => forward(call, "/mkdir", { repeatable: call.query.parents }),
    renameFile: (call) => forward(call, "/rename", { repeatable: false }),
    watchFiles: (call) => forward(call, "/watch", {}, contentTypes.lines),
    readArchive: (call) => download(call, "/archive", contentTypes.tar),
    writeArchive: (call) => upload(call, "/archive", { repeatable: false }),
  };
}

function pathOf({ query }: Call<FileRoute>, operation: string): string {
  return `/files${operation}?${search(query)}`;
}

/** The query as the agent takes it: what concerns the gateway alone is left out. */
function search(query: Call<FileRoute>["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (name !== "startTimeoutSeconds") parameters.set(name, String(value));
  return parameters.toString();
}

function ranged({ request }: Call<"readFile">): Partial<AgentRequest> {
  const { range } = request.headers;
  if (range === undefined) return {};
  const version = request.headers["if-range"];
  return {
    headers: {
      range: range.slice(0, 100),
      ...(typeof version === "string" && { "if-range": version.slice(0, 100) }),
    },
  };
}

/** However much it is and however slowly it comes; who goes away ends it. */
const uploadMilliseconds = 86_400_000;

type Upload = "writeFile" | "patchFile" | "writeArchive";

import type { fileRoutes } from "../../api/routes/files.ts";
import { contentTypes, type AgentProxy } from "../agent/proxy.ts";
import { relay } from "../agent/relay.ts";
import type { AgentRequest } from "../agent/send.ts";
import type { Audit } from "../audit.ts";
import type { Call, Handlers } from "../server/bind.ts";
import { readOctets } from "../server/octets.ts";

type FileRoute = keyof typeof fileRoutes;

/** Files, as an authenticated way to the sandbox's agent. Each access leaves a line in the audit log. */
export function fileHandlers({ ask }: AgentProxy, audit: Audit): Pick<Handlers, FileRoute> {
  const forward = async (call: Call<FileRoute>, operation = "", more?: Partial<AgentRequest>, type?: string) => {
    const path = `/files${operation}?${search(call.query)}`;
    const answer = await audit.file(call, call.query, ask(call, path, more));
    await relay(answer, type ?? contentTypes.json, call.response);
  };

  return {
    readFile: (call) => forward(call, "", ranged(call), contentTypes.octets),
    // Written as a whole or not at all, so it may be sent again.
    writeFile: async (call) => forward(call, "", { ...(await upload(call)), repeatable: isSmall(call) }),
    patchFile: async (call) => forward(call, "", await upload(call)),
    // What an attempt without an answer has done would be refused the second time.
    removeFile: (call) => forward(call, "", { repeatable: false }),
    statFile: (call) => forward(call, "/stat"),
    listFiles: (call) => forward(call, "/list"),
    makeDirectory: (call) => forward(call, "/mkdir", { repeatable: call.query.parents }),
    renameFile: (call) => forward(call, "/rename", { repeatable: false }),
    watchFiles: (call) => forward(call, "/watch", {}, contentTypes.lines),
    readArchive: (call) => forward(call, "/archive", {}, contentTypes.tar),
    writeArchive: async (call) => forward(call, "/archive", await upload(call)),
  };
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
  return range === undefined ? {} : { headers: { range: range.slice(0, 100) } };
}

/** However much it is and however slowly it comes; who goes away ends it. */
const uploadMilliseconds = 86_400_000;

type Upload = Call<"writeFile" | "patchFile" | "writeArchive">;

async function upload(call: Upload): Promise<Partial<AgentRequest>> {
  const { request } = call;
  const length = request.headers["content-length"];
  return {
    // In one message with its head; larger ones as they come.
    body: isSmall(call) ? await readOctets(request) : request,
    ...(length !== undefined && { headers: { "content-length": length } }),
    repeatable: false,
    waitMilliseconds: uploadMilliseconds,
  };
}

const smallOctets = 64 << 10;

function isSmall({ request }: Upload): boolean {
  const length = request.headers["content-length"];
  return length !== undefined && Number(length) <= smallOctets;
}

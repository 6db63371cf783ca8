import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { processRoutes } from "../../api/routes/processes.ts";
import { contentTypes, jsonBody, type AgentProxy } from "../agent/proxy.ts";
import { relay } from "../agent/relay.ts";
import type { Audit } from "../audit.ts";
import type { Call, Handlers } from "../server/bind.ts";
import type { ReadSecrets } from "./secrets.ts";
import { agentBody } from "./start.ts";

type Start = Call<"exec"> | Call<"startProcess">;

/** Processes, as an authenticated way to the sandbox's agent. Whoever goes away ends a stream, never a process. */
export function processHandlers(
  { ask, forward }: AgentProxy,
  audit: Audit,
  readSecrets: ReadSecrets,
): Pick<Handlers, keyof typeof processRoutes> {
  const begin = async (call: Start, path: string, request: Start["body"] & { id: string }) => {
    const { user, params, signal } = call;
    const secretEnv = request.secrets && (await readSecrets(user, params.namespace, request.secrets, signal));
    return await ask(call, path, jsonBody(agentBody(request, secretEnv)));
  };
  const start = async (call: Start, path: string, type: string) => {
    // With an id of its own a request that is sent twice starts one process.
    const request = { id: randomUUID(), ...call.body };
    await relay(await audit.process(call, request, begin(call, path, request)), type, call.response);
  };

  return {
    exec: (call) => start(call, "/exec", contentTypes.lines),
    startProcess: (call) => start(call, "/processes", contentTypes.json),
    listProcesses: (call) => forward(call, "/processes"),
    getProcess: (call) => forward(call, pathOf(call)),
    readStdout: (call) => forward(call, pathOf(call, `/stdout?offset=${call.query.offset}`), {}, contentTypes.octets),
    readStderr: (call) => forward(call, pathOf(call, `/stderr?offset=${call.query.offset}`), {}, contentTypes.octets),
    async writeStdin(call) {
      const { offset, eof } = call.query;
      const body: Readable = call.request;
      const more = { body, repeatable: false, waitMilliseconds: stdinMilliseconds };
      await forward(call, pathOf(call, `/stdin?offset=${offset}&eof=${eof}`), more);
    },
    waitForExit: (call) =>
      forward(call, pathOf(call, `/exit?wait=${call.query.wait}`), { waitMilliseconds: call.query.wait * 1000 }),
    signalProcess: (call) => forward(call, pathOf(call, "/signal"), jsonBody(call.body)),
    resizeTerminal: (call) => forward(call, pathOf(call, "/resize"), jsonBody(call.body)),
  };
}

/** A program that does not read its input holds the writer back; this long. */
const stdinMilliseconds = 3_600_000;

function pathOf({ params }: { params: { process: string } }, rest = ""): string {
  return `/processes/${encodeURIComponent(params.process)}${rest}`;
}

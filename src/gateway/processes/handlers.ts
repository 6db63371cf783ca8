import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { processPath } from "../../agent-link/client.ts";
import type { processRoutes } from "../../api/routes/processes.ts";
import { contentTypes, jsonBody, type AgentProxy } from "../agent/proxy.ts";
import { relay } from "../agent/relay.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Audit } from "../audit.ts";
import type { LogPart, ReadLog } from "../logs/read.ts";
import { sendMerged } from "../logs/send.ts";
import type { Call, Handlers } from "../server/bind.ts";
import { endedEntrypoint, exitOfEndedEntrypoint } from "./ended-entrypoint.ts";
import type { OrLeft } from "./entrypoint.ts";
import type { ReadSecrets } from "./secrets.ts";
import { agentBody } from "./start.ts";
import type { TellStart } from "./tell.ts";

/** What handlers of processes need besides the agent. */
interface Aids {
  audit: Audit;
  readSecrets: ReadSecrets;
  readLog: ReadLog;
  orLeft: OrLeft;
  tellStart: TellStart;
}

type Start = Call<"exec"> | Call<"startProcess">;

/** Processes, as an authenticated way to the sandbox's agent. Whoever goes away ends a stream, never a process. */
export function processHandlers(
  { ask, forward }: AgentProxy,
  { audit, readSecrets, readLog, orLeft, tellStart }: Aids,
): Pick<Handlers, keyof typeof processRoutes> {
  const begin = async (call: Start, path: string, request: Start["body"] & { id: string }) => {
    const { user, params, signal } = call;
    const secretEnv = request.secrets && (await readSecrets(user, params.namespace, request.secrets, signal));
    return await ask(call, path, jsonBody(agentBody(request, secretEnv)));
  };
  const start = async (call: Start, path: string, type: string) => {
    // With an id of its own a request that is sent twice starts one process.
    const request = { id: randomUUID(), ...call.body };
    const started = await audit.process(call, request, begin(call, path, request));
    tellStart({ namespace: call.params.namespace, name: call.params.id }, request.command);
    await relay(started, type, call.response);
  };
  const read = (call: Call<"readStdout"> | Call<"readStderr">, stream: string, left: LogPart) => {
    const { query, signal, response } = call;
    const live = forward(call, pathOf(call, `${stream}?offset=${query.offset}`), {}, contentTypes.octets);
    const log = async (sandbox: Sandbox) => sendMerged(await readLog(sandbox, left, signal), response);
    return orLeft(call, live, log);
  };

  return {
    exec: (call) => start(call, "/exec", contentTypes.lines),
    startProcess: (call) => start(call, "/processes", contentTypes.json),
    listProcesses: (call) => forward(call, "/processes"),
    getProcess: (call) => orLeft(call, forward(call, pathOf(call)), endedEntrypoint),
    readStdout: (call) => read(call, "/stdout", {}),
    readStderr: (call) => read(call, "/stderr", { tailLines: 0 }),
    async writeStdin(call) {
      const { offset, eof, writer } = call.query;
      const body: Readable = call.request;
      const more = { body, repeatable: false, waitMilliseconds: stdinMilliseconds };
      const place = `offset=${offset}${writer === undefined ? "" : `&writer=${writer}`}`;
      await forward(call, pathOf(call, `/stdin?${place}&eof=${eof}`), more);
    },
    waitForExit(call) {
      const { wait } = call.query;
      const live = forward(call, pathOf(call, `/exit?wait=${wait}`), { waitMilliseconds: wait * 1000 });
      return orLeft(call, live, exitOfEndedEntrypoint, wait);
    },
    // Twice is not the same as once.
    signalProcess: (call) => forward(call, pathOf(call, "/signal"), { ...jsonBody(call.body), repeatable: false }),
    resizeTerminal: (call) => forward(call, pathOf(call, "/resize"), jsonBody(call.body)),
  };
}

/** A program that does not read its input holds the writer back; this long. */
const stdinMilliseconds = 3_600_000;

function pathOf({ params }: { params: { process: string } }, rest = ""): string {
  return processPath(params.process, rest);
}

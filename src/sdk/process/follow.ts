import { MERGED_STREAMS, OFFSET_HEADER, STREAMS_HEADER } from "../../api/constants.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { UnavailableError } from "../errors.ts";
import { bodyOf } from "../http/body.ts";
import type { Gateway } from "../http/gateway.ts";
import { ConnectionError, type TransportReply } from "../http/transport.ts";

/** An output stream of a process. */
export interface OutputPlace {
  gateway: Gateway;
  /** Below the namespace: `/sandboxes/{id}/processes/{process}/stdout`. */
  path: string;
  signal?: AbortSignal | undefined;
  /** Told when output was not read in time and is gone: how many octets. */
  onLost: (octets: number) => void;
}

/** How often in a row a reply may break off before anything of it came. */
const mostAttempts = 20;
const delays = { first: 100, most: 2_000 };
/** How long a gateway takes to find a process that runs. */
const replyMilliseconds = 5_000;

/** The reply that has a stream from an offset on; the process waits for its reader from now on. `runs`: not for its sandbox. */
export function openOutput(
  { gateway, path, signal }: Omit<OutputPlace, "onLost">,
  offset: number,
  runs: boolean,
): Promise<TransportReply> {
  const within = runs ? { answersWithin: replyMilliseconds } : {};
  return gateway.open({ method: "GET", path, query: { offset }, signal, ...within });
}

/**
 * What a process writes to a stream, from an offset to its end; read on from the last octet when the connection, the gateway or
 * the API server goes. `opened` is the first reply, where there is one already.
 */
export async function* follow(
  place: OutputPlace,
  from: number,
  opened?: Promise<TransportReply>,
): AsyncGenerator<Uint8Array, void, void> {
  const { path, signal, onLost } = place;
  let offset = from;
  let ahead = opened;
  let runs = false;
  for (let attempt = 0; ; attempt++) {
    try {
      const reply = await (ahead ?? openOutput(place, offset, runs));
      ahead = undefined;
      runs = true;
      const merged = reply.header(STREAMS_HEADER) === MERGED_STREAMS;
      if (merged && offset > 0) throw finishedMeanwhile(path, offset);
      const start = Number(reply.header(OFFSET_HEADER) ?? offset);
      if (start > offset) onLost(start - offset);
      offset = Math.max(offset, start);
      for await (const octets of bodyOf(reply)) {
        offset += octets.length;
        attempt = 0;
        yield octets;
      }
      return;
    } catch (error) {
      if (!(error instanceof ConnectionError) || attempt >= mostAttempts) throw error;
    }
    await sleep(backoff(attempt, delays), signal);
  }
}

/** The container's log has both streams, so that where to go on in it is not known. */
function finishedMeanwhile(path: string, offset: number): UnavailableError {
  const message = `Cannot read ${path} from offset ${offset}: the connection broke and the sandbox has finished. Its log has everything`;
  return new UnavailableError("unavailable", "process", message, { details: { [cutDetail]: true } });
}

const cutDetail = "outputCut";

/** @internal Whether output could not be read on because its sandbox had finished meanwhile. How it ended can be had. */
export function isCutByTheEnd(error: unknown): boolean {
  return error instanceof UnavailableError && error.details?.[cutDetail] === true;
}

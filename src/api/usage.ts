import { z } from "zod";
import { timestamp } from "./schema/time.ts";

const bytes = z.int().min(0);
const limit = z.number().min(0).nullable();

/** What a sandbox uses at one moment. A figure that its kernel does not tell is left out; a limit of null is none. */
export const usageSchema = z.object({
  measuredAt: timestamp,
  cpu: z.object({
    usedSeconds: z.number().min(0).exactOptional().describe("Processor time of all processes there are and were."),
    limitCores: limit.exactOptional().describe("Processors it may use at once; null: no limit."),
  }),
  memory: z.object({
    usedBytes: bytes.exactOptional().describe("With the page cache."),
    workingSetBytes: bytes
      .exactOptional()
      .describe("Without what the kernel can drop at once; Kubernetes evicts by it."),
    peakBytes: bytes.exactOptional().describe("The most that usedBytes ever was."),
    limitBytes: limit.exactOptional().describe("Beyond it a process is killed; null: no limit."),
  }),
  disk: z
    .object({
      usedBytes: bytes.exactOptional(),
      availableBytes: bytes.exactOptional(),
      totalBytes: bytes.exactOptional(),
    })
    .describe("The file system of /, which is usually its node's: others write to it, too."),
  processes: z.object({
    running: z.int().min(0).exactOptional().describe("Processes, the agent and its links among them."),
    threads: z.int().min(0).exactOptional(),
    limit: limit.exactOptional().describe("Threads there may be; null: no limit."),
  }),
});

import { z } from "zod";
import { errorCodes, errorResources, type ErrorBody, type ErrorCode } from "./errors.ts";

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

/** The JSON body of every error reply, as it arrives from the agent or goes into the API's description. */
export const errorBodySchema: z.ZodType<ErrorBody> = z
  .object({
    code: z.enum(codes).describe("What kind of error it is; stable."),
    message: z.string().describe("What happened and with which value, for people."),
    resource: z.enum(errorResources).describe("What the error is about."),
    details: z.record(z.string(), z.unknown()).exactOptional().describe("More, depending on the code."),
  })
  .describe("An error.");

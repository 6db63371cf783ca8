import { z } from "zod";

/** What the CRDs give a new object for status: tools that compare generations wait for the operator's first word. */
export const unseenStatus = { observedGeneration: -1 } as const;

export const observedGeneration = z
  .int()
  .min(unseenStatus.observedGeneration)
  .describe("The metadata.generation that the status is about; -1 until the operator has seen the object.");

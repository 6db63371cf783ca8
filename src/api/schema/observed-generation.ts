import { z } from "zod";

/** What every new object's status says: tools that compare generations wait for the operator's first word. */
export const unseenStatus = { observedGeneration: -1 } as const;

export const observedGeneration = z
  .int()
  .min(unseenStatus.observedGeneration)
  .describe("The metadata.generation that the status is about; -1 until the operator has seen the object.");

import { z } from "zod";
import { listMap } from "./collection.ts";
import { timestamp } from "./time.ts";

/** `metav1.Condition`. */
export const conditionSchema = z.strictObject({
  type: z.string().min(1).max(316).describe("What the condition is about."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: z.string().min(1).max(1024).describe("Why it has its status: one CamelCase word for programs."),
  message: z.string().max(32_768).describe("Why it has its status, for people."),
  lastTransitionTime: timestamp.describe("When the status last changed."),
  observedGeneration: z.int().min(0).exactOptional().describe("The metadata.generation that it is about."),
});

/** The conditions of an object, one per type. */
export const conditionsSchema = listMap(conditionSchema, "type", 16).describe("What is true of the object now.");

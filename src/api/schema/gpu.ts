import { z } from "zod";
import { matches, withRules } from "../rule.ts";
import { listOf } from "./collection.ts";

/** A kind of GPU and how many: `H100`, `A100-80GB:2`, `any`. */
export const gpu = withRules(
  z.string().min(1).max(63),
  matches(
    /^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?(:[1-9][0-9]?)?$/,
    'must name a kind of GPU and how many, such as "H100", "A100-80GB:2" or "any"',
  ),
);

/** Kinds of GPU in order of preference. */
export const gpuSchema = listOf(gpu, 8).min(1);

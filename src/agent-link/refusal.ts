import { z } from "zod";
import { errorBodySchema } from "../api/error-body.ts";

const word = z.string().max(1024);
const details = z.record(word, z.union([word, z.number(), z.boolean()])).refine((all) => Object.keys(all).length <= 16);

/**
 * A refusal as an agent may word it. It is logged and sent on: details of any size or depth are left out, since there are
 * some that no JSON can be made of.
 */
export const refusalSchema = errorBodySchema.transform(({ message, details: said, ...rest }) => {
  const small = details.safeParse(said);
  return { ...rest, message: message.slice(0, 8192), ...(small.success && { details: small.data }) };
});

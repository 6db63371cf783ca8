import { z } from "zod";
import { withRules } from "../rule.ts";
import { mapOf } from "./collection.ts";
import { quantity, quantityValue } from "./quantity.ts";

/** Amounts by resource name, such as `cpu` and `memory`. */
export const resourceList = mapOf(quantity, 32);

/** Requests and limits, as in a container. */
export const resourcesSchema = withRules(
  z.strictObject({
    requests: resourceList.exactOptional().describe("What is set aside, by resource name."),
    limits: resourceList.exactOptional().describe("What cannot be exceeded, by resource name."),
  }),
  {
    cel: "!has(self.requests) || !has(self.limits) || self.requests.all(r, !(r in self.limits) || quantity(string(self.requests[r])).compareTo(quantity(string(self.limits[r]))) <= 0)",
    message: "requests must not exceed limits",
    field: "requests",
    holds: ({ requests = {}, limits = {} }) =>
      Object.entries(requests).every(([resource, request]) => {
        const limit = limits[resource];
        return limit === undefined || quantityValue(request) <= quantityValue(limit);
      }),
  },
);

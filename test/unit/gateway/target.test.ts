import { expect, it } from "vitest";
import { splitTarget } from "../../../src/gateway/server/target.ts";

it.each<[target: string, path: string, search: string]>([
  ["/v1/a", "/v1/a", ""],
  ["/v1/a?", "/v1/a", ""],
  ["/v1/a?b=/c?d", "/v1/a", "b=/c?d"],
  ["//evil/v1", "//evil/v1", ""],
  ["http://gateway/v1/a?b=1", "/v1/a", "b=1"],
  ["HTTPS://gateway:8443/v1/a", "/v1/a", ""],
  ["https://gateway?b=1", "", "b=1"],
  ["*", "*", ""],
  ["", "", ""],
])("splits %j", (target, path, search) => {
  expect(splitTarget(target)).toEqual({ path, search });
});

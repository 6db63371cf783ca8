import { describe, expect, test } from "vitest";
import { apiVersionOf } from "../../../src/api/meta.ts";
import { describeIssues } from "../../../src/api/parse.ts";
import { manifests } from "../../support/manifests/index.ts";

describe.each(manifests)("$kind.kind as the gateway checks it", ({ kind, accepted, rejected }) => {
  const errorsOf = (spec: unknown, name = "a"): string[] => {
    const object = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, spec };
    const result = kind.schema.safeParse(object);
    return result.success ? [] : describeIssues(result.error);
  };

  test.each(accepted)("accepted: $title", ({ spec }) => {
    expect(errorsOf(spec)).toEqual([]);
  });

  test.each(rejected)("rejected: $title", ({ spec, name, field, parsed }) => {
    expect(errorsOf(spec, name)).toContainEqual(expect.stringContaining(field === "" ? parsed : `${field}: ${parsed}`));
  });
});

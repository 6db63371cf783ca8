import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifests } from "../../support/manifests/index.ts";
import { useApiServer, type ApiServer } from "./api-server.ts";

let server: ApiServer;

beforeAll(async () => {
  server = await useApiServer();
});

afterAll(() => server.close());

describe.each(manifests)("$kind.kind as the API server checks it", ({ kind, accepted, rejected }) => {
  test.each(accepted)("accepted: $title", async ({ spec }) => {
    expect(await server.refusal(kind, { name: "a", spec })).toBe("");
  });

  test.each(rejected)("rejected: $title", async ({ spec, name = "a", field, message }) => {
    const refusal = await server.refusal(kind, { name, spec });
    expect(refusal).toContain(message);
    expect(refusal).toContain(field);
  });
});

import { expect, test } from "vitest";
import { shared } from "../../../../src/sdk/node/shared.ts";

test("those who ask at once share a request, and its failure; later ones make another", async () => {
  let requests = 0;
  const ask = shared(async () => {
    requests++;
    if (requests === 2) throw new Error("refused");
    return requests;
  });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(await Promise.allSettled([ask(), ask()])).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  expect(await ask()).toBe(3);
});

import { expect, it } from "vitest";
import { firstInOrder } from "../../../src/lib/first-in-order.ts";

const byNumber = (a: number, b: number) => a - b;

it.each([0, 1, 2, 7, 50, 100, 200])("gives the %i first of a hundred, as sorting all would", (count) => {
  const items = Array.from({ length: 100 }, (_, index) => (index * 37) % 61);
  expect(firstInOrder(items, count, byNumber)).toEqual(items.toSorted(byNumber).slice(0, count));
});

it("keeps the order of equals", () => {
  const items = [
    [1, "a"],
    [0, "b"],
    [1, "c"],
    [0, "d"],
    [1, "e"],
  ] as [number, string][];
  expect(firstInOrder(items, 4, ([a], [b]) => a - b).map(([, name]) => name)).toEqual(["b", "d", "a", "c"]);
});

import { expect, test } from "vitest";
import { literal, said } from "../../../src/lib/literal.ts";

test.each([
  ["plain $NAME $", "plain $NAME $"],
  ["$(NAME)", "$$(NAME)"],
  ["a$$b", "a$$$b"],
  ["$$(NAME)", "$$$$(NAME)"],
  ["$$$", "$$$$$"],
])("%j is %j where Kubernetes expands variables", (text, escaped) => {
  expect(literal(text)).toBe(escaped);
  expect(said(escaped)).toBe(text);
});

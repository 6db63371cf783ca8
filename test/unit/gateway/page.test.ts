import { expect, it } from "vitest";
import { pageOf, type PageQuery } from "../../../src/gateway/sandboxes/page.ts";
import { aSandbox } from "./a-sandbox.ts";

const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
const all = [
  aSandbox({ name: "old", creationTimestamp: at(1) }),
  aSandbox({ name: "b", creationTimestamp: at(2), spec: { tags: { team: "x", tier: "1" } } }),
  aSandbox({
    name: "a",
    creationTimestamp: at(2),
    spec: { app: "web", tags: { team: "x" } },
    status: { phase: "Started" },
  }),
  aSandbox({ name: "over", creationTimestamp: at(3), status: { phase: "Finished" } }),
  aSandbox({ name: "new", creationTimestamp: at(4), status: { phase: "Ready" } }),
];

function names(query: Partial<PageQuery>): string[] {
  return pageOf(all, { all: false, limit: 100, ...query }).items.map(({ metadata }) => metadata.name);
}

it.each<[what: string, query: Partial<PageQuery>, names: string[]]>([
  ["those that have not finished", {}, ["new", "a", "b", "old"]],
  ["all", { all: true }, ["new", "over", "a", "b", "old"]],
  ["those of an app", { app: "web" }, ["a"]],
  ["those with a tag", { tag: ["team=x"] }, ["a", "b"]],
  ["those with all of several tags", { tag: ["team=x", "tier=1"] }, ["b"]],
  ["none for another value", { tag: ["team="] }, []],
  ["those of a phase", { phase: "Started" }, ["a"]],
  ["those that have finished, when asked by phase", { phase: "Finished" }, ["over"]],
  ["those nobody has looked at yet as Created", { phase: "Created" }, ["b", "old"]],
])("lists %s, newest first", (_, query, expected) => {
  expect(names(query)).toEqual(expected);
});

it.each<[what: string, tags: Record<string, string>]>([
  ["of another script", { 環境: "開発" }],
  ["with accents", { État: "prêt" }],
  ["of emoji outside the basic plane", { "👩‍🚀": "🚀🚀" }],
  ["from right to left", { שם: "ערך" }],
  ["with blanks and line breaks", { "a b": "c\n\td" }],
  ["with what queries are made of", { "a&b?c#d": "%2F+/;," }],
  ["with equals signs on both sides", { "a=b": "c=d" }],
  ["with an empty value", { empty: "" }],
  ["named as what every object has", { constructor: "x" }],
])("finds tags %s, and only by all of name and value", (_, tags) => {
  const stored = [aSandbox({ name: "it", spec: { tags: { ...tags, more: "1" } } }), aSandbox({ name: "other" })];
  const wanted = Object.entries(tags).map(([name, value]) => `${name}=${value}`);
  const found = (tag: string[]) =>
    pageOf(stored, { all: true, limit: 5, tag }).items.map(({ metadata }) => metadata.name);
  expect(found(wanted)).toEqual(["it"]);
  expect(found([...wanted, "more=1"])).toEqual(["it"]);
  expect(found([...wanted, "more=2"])).toEqual([]);
  expect(found(wanted.map((tag) => `${tag}!`))).toEqual([]);
});

it("goes through all pages without gap or repetition, whatever came or went between", () => {
  const seen: string[] = [];
  let cursor: string | undefined;
  let stored = all;
  do {
    const page = pageOf(stored, { all: true, limit: 2, ...(cursor !== undefined && { cursor }) });
    seen.push(...page.items.map(({ metadata }) => metadata.name));
    cursor = page.cursor;
    stored = [
      ...all.filter(({ metadata }) => metadata.name !== "over"),
      aSandbox({ name: "newest", creationTimestamp: at(9) }),
    ];
  } while (cursor !== undefined);
  expect(seen).toEqual(["new", "over", "a", "b", "old"]);
});

it("gives no cursor on the last page", () => {
  expect(pageOf(all, { all: true, limit: 5 })).not.toHaveProperty("cursor");
});

it.each([["nonsense"], [Buffer.from("a/b/c").toString("base64url")]])("refuses the cursor %j", (cursor) => {
  expect(() => pageOf(all, { all: true, limit: 5, cursor })).toThrow("cursor");
});

it("refuses a tag that is not name=value", () => {
  expect(() => names({ tag: ["team"] })).toThrow("name=value");
});

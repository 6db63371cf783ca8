import { describe, expect, test } from "vitest";
import { changedTags, pairs } from "../../../src/cli/parse/pairs.ts";
import { placeOf, remotePlaceOf } from "../../../src/cli/parse/place.ts";
import { portsOf } from "../../../src/cli/parse/ports.ts";
import { duration, memory, processors } from "../../../src/cli/parse/quantity.ts";

test.each([
  ["90", 90_000],
  ["90s", 90_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
])("%s lasts %d ms", (text, milliseconds) => {
  expect(duration(text)).toBe(milliseconds);
});

test.each([
  ["512", 512],
  ["512Mi", 512],
  ["2Gi", 2048],
  ["1.5Gi", 1536],
  ["1048576Ki", 1024],
  ["1G", 953.67],
])("%s is %d MiB", (text, mebibytes) => {
  expect(memory(text)).toBeCloseTo(mebibytes, 2);
});

test.each([
  ["2", 2],
  ["0.5", 0.5],
  ["250m", 0.25],
])("%s is %d processors", (text, count) => {
  expect(processors(text)).toBe(count);
});

test.each([
  ["a duration", () => duration("soon")],
  ["memory", () => memory("1 GB")],
  ["a negative number of processors", () => processors("-1")],
  ["a variable without a name", () => pairs("=x")],
  ["a change of tags", () => changedTags({}, ["team"])],
  ["a port", () => portsOf("http")],
  ["port 0 inside", () => portsOf("80:0")],
  ["a port beyond the last", () => portsOf("65536")],
  ["a relative path inside", () => placeOf("work:data")],
  ["a place that is here", () => remotePlaceOf("/data")],
])("what is no %s is refused", (_, parse) => {
  expect(parse).toThrow(/must be|is no|absolute|names no sandbox/);
});

describe("places", () => {
  test.each([
    ["work:/data", { sandbox: "work", path: "/data" }],
    ["app/work:/data:1", { sandbox: "app/work", path: "/data:1" }],
    ["data", { path: "data" }],
    ["./a:b", { path: "./a:b" }],
    ["/a:/b", { path: "/a:/b" }],
    [".", { path: "." }],
    ["-", { path: "-" }],
    ["C:\\data", { path: "C:\\data" }],
  ])("%s is %j", (text, place) => {
    expect(placeOf(text)).toEqual(place);
  });
});

test.each([
  ["8080:80", { local: 8080, remote: 80 }],
  ["80", { local: 80, remote: 80 }],
  [":80", { local: 0, remote: 80 }],
])("%s forwards %j", (text, ports) => {
  expect(portsOf(text)).toEqual(ports);
});

test("tags are set and removed, and the others stay", () => {
  expect(changedTags({ a: "1", b: "2" }, ["b-", "c=3=4", "a=5"])).toEqual({ a: "5", c: "3=4" });
});

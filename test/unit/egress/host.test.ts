import { expect, test } from "vitest";
import { requestHost } from "../../../src/egress/http/host.ts";

test.each([
  ["/", ["Host", "Example.com"], "example.com", "/"],
  ["/a?b=c", ["Accept", "*/*", "host", "example.com:80"], "example.com", "/a?b=c"],
  ["*", ["Host", "example.com"], "example.com", "*"],
  ["http://example.com/a", ["Host", "example.com"], "example.com", "/a"],
  ["http://EXAMPLE.com:80?x", ["Host", "example.com"], "example.com", "/?x"],
])("%s with %j is for %s", (target, headers, name, path) => {
  expect(requestHost(target, headers, 80)).toEqual({ kind: "name", name, path });
});

test.each([
  ["/", [], "one Host header"],
  ["/", ["Host", "a.example", "Host", "b.example"], "one Host header"],
  ["/", ["Host", "a.example", "HOST", "a.example"], "one Host header"],
  ["/", ["Host", ""], "no host name"],
  ["/", ["Host", "1.2.3.4"], "no host name"],
  ["/", ["Host", "[::1]"], "no host name"],
  ["/", ["Host", "user@a.example"], "no host name"],
  ["/", ["Host", "a.example, b.example"], "no host name"],
  ["/", ["Host", "a.example:8080"], "another port than 80"],
  ["http://b.example/", ["Host", "a.example"], "different hosts"],
  ["http://a.example:81/", ["Host", "a.example"], "different hosts"],
  ["http://a.example@b.example/", ["Host", "a.example"], "different hosts"],
  ["https://a.example/", ["Host", "a.example"], "neither a path nor an http URL"],
  ["a.example:443", ["Host", "a.example:80"], "neither a path nor an http URL"],
])("%s with %j is refused: %s", (target, headers, problem) => {
  expect(requestHost(target, headers, 80)).toEqual({ kind: "refused", problem: expect.stringContaining(problem) });
});

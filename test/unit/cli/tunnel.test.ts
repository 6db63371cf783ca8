import { expect, test } from "vitest";
import { browserCommand, chosen, pageOf, tunnelLine } from "../../../src/cli/commands/tunnel.ts";
import { Failure } from "../../../src/cli/errors.ts";
import { tunnelParams } from "../../../src/cli/parse/tunnels.ts";
import { Tunnel } from "../../../src/sdk/tunnel.ts";

const web = new Tunnel("web.example", 443);
const plain = new Tunnel("nodes.example", 30_500, "nodes.example", 30_500);
const database = new Tunnel("db.example", 443, "db.example", 30_500);

test("tunnels are shown by port, with where they are reached", () => {
  expect(chosen({ 80: web, 5432: database }, undefined).map(tunnelLine)).toEqual([
    ["80", "https://web.example"],
    ["5432", "https://db.example", "tcp://db.example:30500"],
  ]);
  expect(tunnelLine(["70", plain])).toEqual(["70", "tcp://nodes.example:30500"]);
  expect(chosen({ 80: web, 5432: database }, "80")).toEqual([["80", web]]);
});

test("a browser opens the first that has TLS", () => {
  const both: [string, Tunnel][] = [
    ["70", plain],
    ["80", web],
  ];
  expect(pageOf(both)).toBe("https://web.example");
  expect(() => pageOf([["70", plain]])).toThrow("No browser can open tcp://nodes.example:30500");
});

test.each([
  ["firefox", ["firefox", "URL"]],
  ["google-chrome --incognito", ["google-chrome", "--incognito", "URL"]],
  ["links -g %s:lynx", ["links", "-g", "URL"]],
])("BROWSER=%j", (browser, command) => {
  expect(browserCommand(browser, "URL")).toEqual(command);
});

test("a port that is not published is refused, with those that are", () => {
  expect(() => chosen({ 80: web, 5432: database }, "81")).toThrow("Port 81 is not published");
  expect(() => chosen({}, undefined)).toThrow("publishes no port");
});

test.each(["", "http", "80/udp", "80/", "-1"])("%j is no port to publish", (text) => {
  expect(() => tunnelParams([text])).toThrow(Failure);
});

import { expect, it } from "vitest";
import { connectTokenLines } from "../../../src/cli/commands/connect-token.ts";

it("shows a connect token with the URL that leads a browser there", () => {
  const made = {
    url: "https://c-1.tunnels.example:8444",
    token: "t",
    tokenId: "1763719200-q3Zk9vTn0aLw2xEb",
    expiresAt: new Date("2025-11-21T10:00:00Z"),
  };
  expect(connectTokenLines(made)).toEqual([
    ["URL:", "https://c-1.tunnels.example:8444"],
    ["Token:", "t"],
    ["ID:", "1763719200-q3Zk9vTn0aLw2xEb"],
    ["Expires:", "2025-11-21T10:00:00.000Z"],
    ["For a browser:", "https://c-1.tunnels.example:8444/?_sandkeep_connect_token=t"],
  ]);
});

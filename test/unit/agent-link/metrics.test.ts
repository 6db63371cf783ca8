import { duplexPair, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Ask } from "../../../src/agent-link/bulk/bulk.ts";
import { eventually } from "../../support/eventually.ts";
import { parts } from "./bulk/parts.ts";

// Counters belong to their modules, which other files use in this process.
vi.resetModules();
const { Bulk } = await import("../../../src/agent-link/bulk/bulk.ts");
const { LinkError } = await import("../../../src/agent-link/link-error.ts");
const { LinkPool } = await import("../../../src/agent-link/pool.ts");
const { metrics } = await import("../../../src/metrics.ts");
const { farEnd, textOf } = await import("./far-end.ts");

const target = { namespace: "ns", pod: "a", uid: "1" };
const forever = new AbortController().signal;

/** An answer on the link that says that its body is on the stream of the ticket. */
const ask: Ask = ({ headers }) => Promise.resolve({ status: 200, headers, body: Readable.from([]) });

/** A sample of `/metrics`, by its name with labels; what has none there fails. */
async function value(sample: string): Promise<number> {
  const line = (await metrics.metrics()).split("\n").find((text) => text.startsWith(`${sample} `));
  expect(line, sample).toBeDefined();
  return Number(line?.slice(sample.length + 1));
}

it("tells of links and streams from the start", async () => {
  const samples = [
    "sandkeep_links",
    "sandkeep_link_opens_total",
    "sandkeep_link_failures_total",
    "sandkeep_link_breaks_total",
    "sandkeep_link_open_seconds_count",
    "sandkeep_link_response_seconds_count",
    "sandkeep_bulk_streams",
    "sandkeep_bulk_open_seconds_count",
    ...["ok", "busy", "failed"].map((result) => `sandkeep_bulk_opens_total{result="${result}"}`),
    ...["link", "bulk"].flatMap((kind) =>
      ["received", "sent"].map((way) => `sandkeep_agent_stream_bytes_total{kind="${kind}",direction="${way}"}`),
    ),
  ];
  for (const sample of samples) expect(await value(sample)).toBe(0);
});

describe("counts", () => {
  beforeEach(() => metrics.resetMetrics());

  it("a link, what goes over it, and its break", async () => {
    await using end = await farEnd((stream) => {
      stream.respond({ ":status": 200 });
      stream.end("x".repeat(10_000));
    });
    await using pool = new LinkPool({ open: () => Promise.resolve(end.link) });
    const link = await pool.get(target);
    const { body } = await link.request({ method: "PUT", path: "/", body: "y".repeat(20_000) });
    expect((await textOf(body)).length).toBe(10_000);
    expect(await value("sandkeep_links")).toBe(1);
    expect(await value("sandkeep_link_opens_total")).toBe(1);
    expect(await value("sandkeep_link_response_seconds_count")).toBe(1);
    expect(await value('sandkeep_agent_stream_bytes_total{kind="link",direction="received"}')).toBeGreaterThan(10_000);
    expect(await value('sandkeep_agent_stream_bytes_total{kind="link",direction="sent"}')).toBeGreaterThan(20_000);

    end.near.destroy(new Error("cut"));
    await eventually(async () => expect(await value("sandkeep_link_breaks_total")).toBe(1));
    expect(await value("sandkeep_links")).toBe(0);
    expect(await value("sandkeep_link_failures_total")).toBe(0);
  });

  it("no break of a link that was closed from here", async () => {
    await using end = await farEnd(() => {});
    await using pool = new LinkPool({ open: () => Promise.resolve(end.link) });
    await pool.get(target);
    pool.evict(target);
    await eventually(() => expect(end.near.destroyed).toBe(true));
    expect(await value("sandkeep_link_breaks_total")).toBe(0);
  });

  it("a link that could not be opened", async () => {
    await using pool = new LinkPool({ open: () => Promise.reject(new LinkError("no")) });
    await expect(pool.get(target)).rejects.toThrow("no");
    expect(await value("sandkeep_link_failures_total")).toBe(1);
    expect(await value("sandkeep_link_opens_total")).toBe(0);
  });

  it("large bodies by what they got, and their octets", async () => {
    const octets = Buffer.alloc(50_000, "x");
    let greets = true;
    const bulk = new Bulk({
      open: () => {
        const [near, far] = duplexPair();
        if (greets) far.write(Buffer.concat([Buffer.from("sandkeep/1\n"), parts(octets)]));
        else far.end();
        return Promise.resolve(near);
      },
      perSandbox: 1,
      waitMilliseconds: 10,
    });
    const download = () => bulk.download(target, ask, forever);

    const { body } = await download();
    expect(await value("sandkeep_bulk_streams")).toBe(1);
    await expect(download()).rejects.toThrow("large body");
    await buffer(body);
    expect(await value('sandkeep_agent_stream_bytes_total{kind="bulk",direction="received"}')).toBe(50_000);
    body.destroy();
    greets = false;
    const elsewhere = { ...target, pod: "b" };
    await expect(bulk.download(elsewhere, ask, forever)).rejects.toThrow("large body");
    for (const result of ["ok", "busy", "failed"])
      expect(await value(`sandkeep_bulk_opens_total{result="${result}"}`)).toBe(1);
    expect(await value("sandkeep_bulk_open_seconds_count")).toBe(1);
  });
});

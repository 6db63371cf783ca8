import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Certificate, selfMade } from "../../../../src/gateway/server/certificate.ts";
import { Certificates } from "../../../../src/gateway/tunnels/certificates.ts";
import { eventually } from "../../../support/eventually.ts";
import { silentLog } from "../../../support/silent-log.ts";

let folders: string[];

beforeEach(async () => {
  folders = await Promise.all([0, 1].map(() => mkdtemp(join(tmpdir(), "sandkeep-tunnels-"))));
});
afterEach(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function put(folder: string | undefined, { cert, key }: Certificate): Promise<void> {
  await writeFile(join(folder ?? "", "tls.key"), key);
  await writeFile(join(folder ?? "", "tls.crt"), cert);
}

it("has a certificate for each host right below the domains that it was given, and for no other", async () => {
  await put(folders[0], await selfMade(["*.a.example"], new Date()));
  await put(folders[1], await selfMade(["*.b.example"], new Date()));
  const certificates = await Certificates.open(folders, "c.example", silentLog);
  const [ofA, ofB] = [certificates.contextFor("x.a.example"), certificates.contextFor("x.b.example")];
  expect(ofA).toBeDefined();
  expect(ofB).toBeDefined();
  expect(ofA).not.toBe(ofB);
  for (const name of ["a.example", "y.x.a.example", "x.c.example", ""])
    expect(certificates.contextFor(name)).toBeUndefined();
});

it("makes one for the domain when it was given none", async () => {
  const certificates = await Certificates.open([], "c.example", silentLog);
  expect(certificates.contextFor("x.c.example")).toBeDefined();
  expect(certificates.contextFor("x.d.example")).toBeUndefined();
});

it("takes over a new one while it runs, and keeps the old one while the new one is broken", async () => {
  await put(folders[0], await selfMade(["*.a.example"], new Date()));
  const certificates = await Certificates.open(folders.slice(0, 1), "c.example", silentLog);
  const stop = new AbortController();
  const following = certificates.follow(silentLog, stop.signal, 5);
  await writeFile(join(folders[0] ?? "", "tls.crt"), "half-written");
  const before = certificates.contextFor("x.a.example");
  expect(before).toBeDefined();
  await put(folders[0], await selfMade(["*.a.example", "*.b.example"], new Date()));
  await eventually(() => expect(certificates.contextFor("x.b.example")).toBeDefined());
  expect(certificates.contextFor("x.a.example")).not.toBe(before);
  stop.abort();
  await following;
});

it("does without one that it cannot read until it can", async () => {
  await put(folders[1], await selfMade(["*.b.example"], new Date()));
  const certificates = await Certificates.open(folders, "c.example", silentLog);
  expect(certificates.contextFor("x.b.example")).toBeDefined();
  const stop = new AbortController();
  const following = certificates.follow(silentLog, stop.signal, 5);
  await put(folders[0], await selfMade(["*.a.example"], new Date()));
  await eventually(() => expect(certificates.contextFor("x.a.example")).toBeDefined());
  stop.abort();
  await following;
});

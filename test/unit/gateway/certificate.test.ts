import { X509Certificate } from "node:crypto";
import { mkdtemp, rename, rm, symlink, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  followCertificate,
  readCertificate,
  selfMade,
  type Certificate,
} from "../../../src/gateway/server/certificate.ts";
import { eventually } from "../../support/eventually.ts";

const now = new Date("2026-01-02T00:00:00Z");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sandkeep-certificate-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Puts files in place as kubelet does: a new folder, then a link swapped in one step. */
async function mount({ cert, key }: Certificate, version: string): Promise<void> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, "tls.crt"), cert);
  await writeFile(join(folder, version, "tls.key"), key);
  await symlink(version, join(folder, `${version}.link`));
  await rename(join(folder, `${version}.link`), join(folder, "current"));
}

function files(): { certificateFile: string; keyFile: string } {
  return { certificateFile: join(folder, "current/tls.crt"), keyFile: join(folder, "current/tls.key") };
}

it("makes a server certificate for names and addresses, for a year, with a key of its own", async () => {
  const { cert, key } = await selfMade(["gateway.example", "127.0.0.1", "::1"], now);
  const certificate = new X509Certificate(cert);
  expect(certificate.checkHost("gateway.example")).toBe("gateway.example");
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.checkIP("::1")).toBe("::1");
  expect(certificate.ca).toBe(false);
  expect(certificate.validFromDate.getTime()).toBeLessThan(now.getTime());
  expect(certificate.validToDate).toEqual(new Date("2027-01-02T00:00:00Z"));
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect((await selfMade(["a"], now)).key).not.toBe(key);
});

it("reads a given one, and refuses what does not belong together, naming the file", async () => {
  const one = await selfMade(["one"], now);
  await mount(one, "1");
  expect(await readCertificate(files())).toEqual(one);
  await mount({ cert: one.cert, key: (await selfMade(["two"], now)).key }, "2");
  await expect(readCertificate(files())).rejects.toThrow(`the key "${files().keyFile}" is of another one`);
  await mount({ cert: "nonsense", key: one.key }, "3");
  await expect(readCertificate(files())).rejects.toThrow(files().certificateFile);
});

it("follows replaced files, past a broken pair, until aborted", async () => {
  const [one, two] = await Promise.all([selfMade(["one"], now), selfMade(["two"], now)]);
  await mount(one, "1");
  const use = vi.fn();
  const refuse = vi.fn();
  const stop = new AbortController();
  const following = followCertificate(files(), one, { use, refuse }, stop.signal, 5);
  await mount({ cert: "half-written", key: one.key }, "2");
  await eventually(() => expect(refuse).toHaveBeenCalled());
  expect(use).not.toHaveBeenCalled();
  await mount(two, "3");
  await eventually(() => expect(use).toHaveBeenCalledExactlyOnceWith(two));
  stop.abort();
  await following;
});

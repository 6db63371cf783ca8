import type { Ask, Patient, PatientClient } from "./patient-client.ts";
import type { Random } from "./random.ts";

/** What an operation works with: one sandbox, a folder in it that is its own, and names that it may use there. */
export interface Place {
  client: PatientClient;
  folder: string;
  random: Random;
  /** Different at every call, also as an id of processes. */
  unique: () => string;
}

/** Does something, and rejects when an octet or an exit code is not what it must be. Resolves with the octets compared. */
export type Operation = (place: Place) => Promise<number>;

/** What is mixed. */
export const operations = { output, input, exit, signal, file, inPlace, tree, large } satisfies Record<
  string,
  Operation
>;

const most = 1 << 20;

/** A process's output is what it wrote, whoever reads it and however often the link breaks. */
async function output({ client, folder, random, unique }: Place): Promise<number> {
  const id = unique();
  const path = `${folder}/${id}`;
  const bytes = random.bytes(random.integer(0, most));
  await expectStatus(client, { method: "PUT", path: at("", { path }), body: bytes }, 204);
  await start(client, id, ["cat", path]);
  expectSame(await client.readOutput(`/processes/${id}/stdout`), bytes, "standard output");
  await expectExit(client, id, 0);
  await remove(client, path);
  return bytes.length;
}

/** What is written to standard input at offsets, some of it twice, arrives once and in order. */
async function input({ client, random, unique }: Place): Promise<number> {
  const id = unique();
  const bytes = random.bytes(random.integer(1, most / 4));
  await start(client, id, ["cat"]);
  for (let offset = 0; offset < bytes.length;) {
    const end = Math.min(bytes.length, offset + random.integer(1, most / 8));
    const from = Math.max(0, offset - random.integer(0, 1000));
    const path = `/processes/${id}/stdin?offset=${from}&eof=${end === bytes.length}`;
    await expectStatus(client, { method: "PUT", path, body: bytes.subarray(from, end) }, 200);
    offset = end;
  }
  expectSame(await client.readOutput(`/processes/${id}/stdout`), bytes, "what came back from standard input");
  await expectExit(client, id, 0);
  return bytes.length;
}

async function exit({ client, random, unique }: Place): Promise<number> {
  const id = unique();
  const code = random.integer(0, 255);
  await start(client, id, ["sh", "-c", `echo to standard error >&2; exit ${code}`]);
  await expectExit(client, id, code);
  expectSame(await client.readOutput(`/processes/${id}/stderr`), Buffer.from("to standard error\n"), "standard error");
  return 0;
}

async function signal({ client, random, unique }: Place): Promise<number> {
  const id = unique();
  const [name, code] = random.pick([["SIGKILL", 137] as const, ["SIGTERM", 143] as const]);
  await start(client, id, ["sleep", "600"]);
  const answer = await client.ask({ method: "POST", path: `/processes/${id}/signal`, body: { signal: name } });
  // Ended by an attempt whose answer was lost, it has ended.
  if (answer.status !== 204 && !(answer.attempts > 1 && answer.status === 412)) throw refusal(name, answer);
  await expectExit(client, id, code);
  return 0;
}

/** A file is all of what was written, as a whole and in ranges, under its first name and another. */
async function file({ client, folder, random, unique }: Place): Promise<number> {
  const path = `${folder}/${unique()}`;
  const renamed = `${path}.renamed`;
  const bytes = random.bytes(random.integer(0, 2 * most));
  await expectStatus(client, { method: "PUT", path: at("", { path }), body: bytes }, 204);
  const { json } = await expectStatus(client, { method: "GET", path: at("/stat", { path }) }, 200);
  if ((json as { size: number }).size !== bytes.length) throw new Error(`stat says ${JSON.stringify(json)}`);
  const rename = await client.ask({ method: "POST", path: at("/rename", { path, to: renamed }) });
  // Done by an attempt whose answer was lost, it is done.
  if (rename.status !== 204 && !(rename.attempts > 1 && rename.status === 404)) throw refusal("rename", rename);
  const { octets } = await expectStatus(client, { method: "GET", path: at("", { path: renamed }) }, 200);
  expectSame(octets, bytes, "the file");
  if (bytes.length > 0) {
    const first = random.integer(0, bytes.length - 1);
    const last = random.integer(first, bytes.length - 1);
    const headers = { range: `bytes=${first}-${last}` };
    const range = await expectStatus(client, { method: "GET", path: at("", { path: renamed }), headers }, 206);
    expectSame(range.octets, bytes.subarray(first, last + 1), "the range");
  }
  await remove(client, renamed);
  return 2 * bytes.length;
}

/** A file that is large enough for exec streams of its own arrives as it was sent, and comes back so. */
async function large({ client, folder, random, unique }: Place): Promise<number> {
  const path = `${folder}/${unique()}`;
  const bytes = random.bytes(random.integer(5 * most, 8 * most));
  await expectStatus(client, { method: "PUT", path: at("", { path }), body: bytes }, 204);
  const { octets } = await expectStatus(client, { method: "GET", path: at("", { path }) }, 200);
  expectSame(octets, bytes, "the large file");
  await remove(client, path);
  return bytes.length;
}

/** Writes at offsets change those octets and no others. */
async function inPlace({ client, folder, random, unique }: Place): Promise<number> {
  const path = `${folder}/${unique()}`;
  const wanted = random.bytes(random.integer(1, most / 4));
  await expectStatus(client, { method: "PUT", path: at("", { path }), body: wanted }, 204);
  for (let i = 0; i < 4; i++) {
    const offset = random.integer(0, wanted.length - 1);
    const part = random.bytes(random.integer(1, wanted.length - offset));
    part.copy(wanted, offset);
    await expectStatus(client, { method: "PATCH", path: at("", { path, offset: `${offset}` }), body: part }, 200);
  }
  const { octets } = await expectStatus(client, { method: "GET", path: at("", { path }) }, 200);
  expectSame(octets, wanted, "the file written in place");
  await remove(client, path);
  return wanted.length;
}

/** A tree that left as an archive comes back the same. */
async function tree({ client, folder, random, unique }: Place): Promise<number> {
  const path = `${folder}/${unique()}`;
  const copy = `${path}.copy`;
  const files = Array.from({ length: random.integer(1, 5) }, (_, i) => ({
    name: `${path}/below/${i}`,
    bytes: random.bytes(random.integer(0, most / 4)),
  }));
  for (const { name, bytes } of files)
    await expectStatus(client, { method: "PUT", path: at("", { path: name }), body: bytes }, 204);
  const archive = await expectStatus(client, { method: "GET", path: at("/archive", { path }) }, 200);
  await expectStatus(client, { method: "PUT", path: at("/archive", { path: copy }), body: archive.octets }, 200);
  for (const { name, bytes } of files) {
    const copied = name.replace(path, copy);
    const { octets } = await expectStatus(client, { method: "GET", path: at("", { path: copied }) }, 200);
    expectSame(octets, bytes, `${copied} of the archive`);
  }
  for (const root of [path, copy]) await remove(client, root);
  return files.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function at(operation: string, query: Record<string, string>): string {
  return `/files${operation}?${new URLSearchParams(query).toString()}`;
}

async function start(client: PatientClient, id: string, command: string[]): Promise<void> {
  const answer = await client.ask({ method: "POST", path: "/processes", body: { id, command } });
  // 200 when the gateway or we had to ask again: it had started.
  if (answer.status !== 201 && answer.status !== 200) throw refusal("start", answer);
}

async function expectExit(client: PatientClient, id: string, code: number): Promise<void> {
  const { json } = await expectStatus(client, { method: "GET", path: `/processes/${id}/exit?wait=8` }, 200);
  const got = (json as { code: number }).code;
  if (got !== code) throw new Error(`Process ${id} ended with ${got}, not ${code}`);
}

async function remove(client: PatientClient, path: string): Promise<void> {
  const answer = await client.ask({ method: "DELETE", path: at("", { path, recursive: "true" }) });
  if (answer.status !== 204 && !(answer.attempts > 1 && answer.status === 404)) throw refusal("remove", answer);
}

async function expectStatus(client: PatientClient, ask: Ask, status: number): Promise<Patient> {
  const answer = await client.ask(ask);
  if (answer.status !== status) throw refusal(`${ask.method} ${ask.path}`, answer);
  return answer;
}

function refusal(what: string, { status, json, attempts }: Patient): Error {
  return new Error(`${what} answered ${status} at attempt ${attempts}: ${JSON.stringify(json)}`);
}

function expectSame(got: Buffer, wanted: Buffer, what: string): void {
  if (got.equals(wanted)) return;
  const differs = wanted.findIndex((octet, i) => got[i] !== octet);
  throw new Error(`${what} has ${got.length} octets instead of ${wanted.length}, and differs from octet ${differs} on`);
}

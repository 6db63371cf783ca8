import { readFile } from "node:fs/promises";
import { expect, inject, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { kubectl, tool } from "../support/installed.ts";
import { quickstart } from "../support/quickstart.ts";
import { newTenant } from "./tenant.ts";

const installed = inject("installed");

const phases = ["Created", "Scheduled", "Started", "Ready", "Finished"];

function expectTheWholeStory(said: string): void {
  expect(said.match(/^\[\d\/7\]/gm)).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `[${number}/7]`));
  const shown = [...said.matchAll(/^ {2}(\w+) +\+\d+ ms/gm)].map(([, phase]) => phase);
  expect(shown).toEqual(phases);
  expect(said).toContain("Completed, exit code 0");
  expect(said).toMatch(/^ {2}primes: 2 3 5 7 .* 53 59$/m);
  expect(said).toMatch(/^ {2}exit code 0, \d+ ms/m);
  expect(said).toMatch(/50 times on one connection: median \d+\.\d ms, slowest \d+\.\d ms/);
  expect(said).toMatch(/^All in (\d+ min \d\d|\d+\.\d) s\.$/m);
}

test("the quickstart shows the phases with their times, the program's output, exit code and latencies", () => {
  expectTheWholeStory(inject("quickstart"));
});

test("what it says to try next works as it is printed", async () => {
  const said = inject("quickstart");
  const next = said.slice(said.indexOf("What to try next"));
  const shorthand = /export GATEWAY=.*/.exec(next)?.[0] ?? "";
  const call = /api \$GATEWAY\S+/.exec(next)?.[0] ?? "";
  const program = /export PATH=\S+/.exec(next)?.[0] ?? "";
  const run = /kubectl sandbox run .*/.exec(next)?.[0] ?? "";
  expect(await tool(installed, "bash", ["-c", `${program}\n${run}`])).toMatchObject({ code: 0, stdout: "42\n" });
  const script = `shopt -s expand_aliases\n${shorthand}\n${call} --silent --fail`;
  const { code, stdout } = await tool(installed, "bash", ["-c", script]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    items: expect.arrayContaining([expect.objectContaining({ id: "hello" })]),
  });
});

test("run again, the quickstart tells the same in seconds and changes nothing", async () => {
  const before = await everything();
  const began = performance.now();
  const said = await quickstart(installed.cluster);
  expect(performance.now() - began).toBeLessThan(30_000);
  expectTheWholeStory(said);
  expect(said).toContain("It is there from before");
  expect(await everything()).toEqual(before);
});

test("the README shows what kubectl shows while a sandbox goes through its phases", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const block = /^NAME .*AGE\n(?:hello .*\n)+/m.exec(readme)?.[0] ?? "";
  await using tenant = await newTenant();
  // The log of requests, of which each line begins with I and the date, shows when it watches.
  const script = `exec 3< <(exec kubectl -n ${tenant.namespace} get sandboxes --watch -v=6 2>&1); watcher=$!
    trap 'kill $watcher' EXIT
    until [[ $line == *watch=true* ]]; do read -r -t 120 -u 3 line || exit; done
    kubectl -n ${tenant.namespace} apply -f config/samples/hello.yaml > /dev/null
    while read -r -t 120 -u 3 line; do
      [[ $line == I[0-9]* ]] || printf '%s\\n' "$line"
      [[ $line != *Finished* ]] || break
    done`;
  const { stdout } = await tool(installed, "bash", ["-c", script]);
  const [shown, told] = [rowsOf(stdout), rowsOf(block)];
  // An operator that is slow to see two steps writes one status for both.
  expect(shown).toEqual(told.filter((row) => shown.includes(row)));
  expect([shown.at(0), shown.at(-1)]).toEqual([told.at(0), told.at(-1)]);
});

/** The columns of each row but the age, each state once. */
function rowsOf(table: string): string[] {
  const [head = "", ...rows] = table.trim().split("\n");
  const states = rows.map((row) => row.replace(/\s+\S+$/, "").replaceAll(/\s+/g, " "));
  return [head.replaceAll(/\s+/g, " "), ...states.filter((state, index) => state !== states[index - 1])];
}

/** All that the quickstart makes: what is there, in which version. */
async function everything(): Promise<string[]> {
  const manifest = await tool(installed, "helm", ["--namespace", "sandkeep-system", "get", "manifest", "sandkeep"]);
  const charted = parseAllDocuments(manifest.stdout)
    .filter(({ contents }) => contents !== null)
    .map((document) => document.toJS() as Item);
  // Objects that name a namespace of their own refuse another.
  const [placed, others] = [true, false].map((isPlaced) =>
    charted.filter(({ metadata }) => (metadata.namespace !== undefined) === isPlaced),
  ) as [Item[], Item[]];
  const lists = await Promise.all([
    kubectl(installed, ["get", "-f", "-", "-o", "json"], listOf(placed)),
    kubectl(installed, ["get", "--namespace", "sandkeep-system", "-f", "-", "-o", "json"], listOf(others)),
  ]);
  const kinds = "sandboxes,serviceaccounts,rolebindings,networkpolicies";
  const ours = await kubectl(installed, ["get", kinds, "--namespace", "default", "-o", "json"]);
  const secrets = await kubectl(installed, ["get", "secrets", "--namespace", "sandkeep-system", "-o", "json"]);
  const named = ["--field-selector", "metadata.name=sandkeep-system"];
  const namespace = await kubectl(installed, ["get", "namespaces", ...named, "-o", "json"]);
  return [...lists, ours, secrets, namespace]
    .flatMap((json) => (JSON.parse(json) as { items: Item[] }).items)
    .map(
      ({ kind, metadata: { name, uid, generation, resourceVersion } }) =>
        `${kind} ${name} ${uid} ${generation ?? resourceVersion}`,
    )
    .toSorted((a, b) => a.localeCompare(b));
}

interface Item {
  kind: string;
  metadata: { name: string; namespace?: string; uid: string; generation?: number; resourceVersion: string };
}

function listOf(items: Item[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

import { randomFillSync } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tool } from "../support/installed.ts";
import type { Bench } from "./bench.ts";
import { commandLineFor } from "./command-line.ts";
import { timed } from "./timed.ts";

const rounds = 3;
const folders = 100;
const filesPerFolder = 100;
const fileSize = 1024;
const largeSize = 1 << 30;

/** Milliseconds to copy 10,000 files of 1 KiB, and one of 1 GiB, into a sandbox: by `kubectl sandbox cp` and by `kubectl cp`; in turn. */
export async function measureCopy(
  bench: Bench,
): Promise<Record<"small" | "kubectlSmall" | "large" | "kubectlLarge", number[]>> {
  await using cli = await commandLineFor(bench);
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await bench.gateway.create({ spec: { image: "alpine:3.21", resources } }, "started");
  const samples = {
    small: [] as number[],
    kubectlSmall: [] as number[],
    large: [] as number[],
    kubectlLarge: [] as number[],
  };
  const ours = (name: string, round: number) => timed(() => cli.output("cp", name, `${id}:/tmp/${round}-${name}`));
  const theirs = (name: string, round: number) =>
    timed(async () => {
      const target = `${bench.namespace}/${id}:/tmp/kubectl-${round}-${name}`;
      const { code, stderr } = await tool(bench.installed, "kubectl", [
        "cp",
        "-c",
        "sandbox",
        join(cli.folder, name),
        target,
      ]);
      if (code !== 0) throw new Error(`kubectl cp failed with ${code}: ${stderr}`);
    });
  // The small ones stay: ext4 without a journal looks at every file that was removed in the last minutes before it makes one.
  const remove = () => cli.output("exec", id, "--", "sh", "-c", "rm -f /tmp/*-large");
  try {
    await makeSmall(join(cli.folder, "small"));
    await makeLarge(join(cli.folder, "large"));
    for (let round = 0; round < rounds; round++) {
      samples.small.push(await ours("small", round));
      samples.kubectlSmall.push(await theirs("small", round));
      samples.large.push(await ours("large", round));
      await remove();
      samples.kubectlLarge.push(await theirs("large", round));
      await remove();
    }
    return samples;
  } finally {
    await bench.gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

async function makeSmall(root: string): Promise<void> {
  for (let folder = 0; folder < folders; folder++) {
    await mkdir(join(root, String(folder)), { recursive: true });
    const names = Array.from({ length: filesPerFolder }, (_, i) => join(root, String(folder), String(i)));
    await Promise.all(names.map((name) => writeFile(name, randomFillSync(Buffer.alloc(fileSize)))));
  }
}

async function makeLarge(path: string): Promise<void> {
  await using file = await open(path, "w");
  const piece = randomFillSync(Buffer.alloc(1 << 20));
  for (let written = 0; written < largeSize; written += piece.length) await file.write(piece);
}

import type { Bench } from "./bench.ts";

const underWay = 50;
const warmUpSeconds = 2;
const seconds = 5;

/** Commands per second through the gateway, fifty under way at any time, over so many sandboxes. */
export async function measureRate({ gateway }: Bench, sandboxes: number): Promise<number> {
  const resources = { requests: { cpu: "1m", memory: "16Mi" } };
  const create = () => gateway.create({ spec: { image: "busybox:stable", resources } }, "started");
  const ids: string[] = [];
  for (let i = 0; i < sandboxes; i++) ids.push((await create()).id);
  try {
    let done = 0;
    const over = new AbortController();
    const work = async (id: string) => {
      while (!over.signal.aborted) {
        const { code } = await gateway.exec(id, { command: ["/bin/true"] });
        if (code !== 0) throw new Error(`/bin/true in ${id} ended with ${code}`);
        done += 1;
      }
    };
    const workers = Array.from({ length: underWay }, (_, i) => work(ids[i % ids.length] ?? ""));
    await after(warmUpSeconds);
    const [before, start] = [done, performance.now()];
    await after(seconds);
    const rate = ((done - before) * 1000) / (performance.now() - start);
    over.abort();
    await Promise.all(workers);
    return rate;
  } finally {
    for (const id of ids) await gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

function after(wait: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, wait * 1000));
}

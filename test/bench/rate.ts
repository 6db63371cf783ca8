import type { Bench } from "./bench.ts";
import { loadOf } from "./load.ts";

const underWay = 50;
const seconds = 5;

/** By then all links are open and the gateways' code is compiled: until that has happened they are half as fast. */
const warmUp = 8000;

/** Commands per second through the gateway, fifty under way at any time, over so many sandboxes. */
export async function measureRate(bench: Bench, sandboxes: number): Promise<number> {
  const { gateway } = bench;
  const resources = { requests: { cpu: "1m", memory: "16Mi" } };
  const create = () => gateway.create({ spec: { image: "alpine:3.21", resources } }, "started");
  const ids: string[] = [];
  for (let i = 0; i < sandboxes; i++) ids.push((await create()).id);
  await using load = loadOf(bench, ["/bin/true"], underWay);
  try {
    let done = 0;
    const over = new AbortController();
    const warm = Promise.withResolvers<void>();
    const work = async (id: string) => {
      while (!over.signal.aborted) {
        await load.run(id);
        if (++done === warmUp) warm.resolve();
      }
    };
    const workers = Promise.all(Array.from({ length: underWay }, (_, i) => work(ids[i % ids.length] ?? "")));
    await Promise.race([warm.promise, workers]);
    const [before, start] = [done, performance.now()];
    await Promise.race([after(seconds), workers]);
    const rate = ((done - before) * 1000) / (performance.now() - start);
    over.abort();
    await workers;
    return rate;
  } finally {
    for (const id of ids) await gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

function after(wait: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, wait * 1000));
}

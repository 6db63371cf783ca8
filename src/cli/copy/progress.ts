import { age, octets } from "../output/units.ts";

/** How far a copy has come, told on a terminal's standard error and nowhere else. */
export interface Progress extends Disposable {
  add: (count: number) => void;
  /** So many are there: at the beginning, or after a connection has broken. */
  at: (count: number) => void;
}

const interval = 100;
const barWidth = 24;

/** Shows the progress of a copy; without `total` only what has gone. */
export function showProgress(name: string, total: number | undefined, quiet: boolean): Progress {
  const { stderr } = process;
  let done = 0;
  if (quiet || !stderr.isTTY) return { add: () => {}, at: () => {}, [Symbol.dispose]: () => {} };
  const start = performance.now();
  let [begun, shown] = [0, -interval];
  const show = () => {
    const now = performance.now();
    if (now - shown < interval) return;
    shown = now;
    const line = progressLine(name, done, total, (done - begun) / ((now - start) / 1000));
    stderr.write(`\r\x1b[K${line.slice(0, (stderr.columns || 80) - 1)}`);
  };
  return {
    add(count) {
      done += count;
      show();
    },
    at(count) {
      if (done === 0) begun = count;
      done = count;
      show();
    },
    [Symbol.dispose]() {
      shown = -interval;
      show();
      stderr.write("\n");
    },
  };
}

/** One line: name, bar, amounts, rate and the time that is left. `rate` is in octets per second. */
export function progressLine(name: string, done: number, total: number | undefined, rate: number): string {
  const speed = Number.isFinite(rate) && rate > 0 ? `  ${octets(rate)}/s` : "";
  if (total === undefined) return `${name}  ${octets(done)}${speed}`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const bar = `${"█".repeat(filled)}${"░".repeat(barWidth - filled)}`;
  const left = speed === "" || done >= total ? "" : `  ${age(((total - done) / rate) * 1000)} left`;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `${name}  ${bar} ${percent}  ${octets(done)} / ${octets(total)}${speed}${left}`;
}

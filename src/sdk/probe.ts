import { invalid } from "./errors.ts";

export interface ProbeParams {
  /** Between the starts of two attempts; milliseconds. */
  intervalMs?: number;
}

type Check = { tcp: { port: number } } | { exec: { command: string[] } };

/** How to tell that a sandbox is ready; checked inside it until it succeeds. */
export class Probe {
  /** @internal As `spec.readinessProbe`. */
  readonly spec: Check & { intervalMilliseconds: number };

  private constructor(check: Check, { intervalMs = 100 }: ProbeParams = {}) {
    if (!Number.isInteger(intervalMs) || intervalMs <= 0)
      throw invalid(`intervalMs must be a positive integer, got ${intervalMs}`);
    this.spec = { ...check, intervalMilliseconds: intervalMs };
  }

  /** Ready once something accepts connections at the port. */
  static withTcp(port: number, params?: ProbeParams): Probe {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw invalid(`port must be an integer from 1 to 65535, got ${port}`);
    return new Probe({ tcp: { port } }, params);
  }

  /** Ready once the command exits with 0. No shell. */
  static withExec(argv: readonly string[], params?: ProbeParams): Probe {
    if (argv.length === 0 || argv.some((argument) => typeof argument !== "string"))
      throw invalid("argv must be a command: a list of strings, with at least one");
    return new Probe({ exec: { command: [...argv] } }, params);
  }
}

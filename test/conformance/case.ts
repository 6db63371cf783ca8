import type { App, Image, Sandbox, SandboxCreateParams, SandkeepClient } from "sandkeep";

/** Where a case is tried. */
export interface Place {
  client: SandkeepClient;
  app: App;
  image: Image;
  /** Runs as long as all cases do. */
  work: Sandbox;
  /** A sandbox of the case's own, which goes at its end. */
  create: (params?: SandboxCreateParams) => Promise<Sandbox>;
  /** A name that no other case uses. */
  unique: string;
}

/** What a program does with the SDK, and what comes of it, with a cluster as with the mock. */
export interface Case {
  name: string;
  run: (place: Place) => Promise<unknown>;
  want: unknown;
}

/** The class of the error that something rejects with or throws; `nothing` if it does not. */
export async function failure(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "nothing";
  } catch (error) {
    return error instanceof Error || error instanceof DOMException ? error.name : String(error);
  }
}

/** The classes of the errors of several attempts. */
export function failures(...attempts: (() => unknown)[]): Promise<string[]> {
  return Promise.all(attempts.map(failure));
}

/** All that an iteration gives. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

import { Failure } from "../errors.ts";

export interface ForwardedPort {
  /** Here; 0 for any that is free. */
  local: number;
  remote: number;
}

/** `8080:80` is port 8080 here and 80 inside, `80` is both, `:80` any free port here. */
export function portsOf(text: string): ForwardedPort {
  const [, first, second] = /^(\d*)(?::(\d+))?$/.exec(text) ?? [];
  const local = first === "" ? 0 : Number(first);
  const remote = second === undefined ? local : Number(second);
  if (first === undefined || !(remote >= 1 && remote <= 65_535) || !(local <= 65_535))
    throw new Failure(`"${text}" is no pair of ports`, "Write LOCAL:REMOTE such as 8080:80, or one port for both.");
  return { local, remote };
}

import { ConflictError } from "../../sdk/errors.ts";
import type { ContainerProcess } from "../../sdk/process/container-process.ts";
import { OutputClosed } from "../errors.ts";
import { write } from "../output/write.ts";
import { detachKeys } from "./detach-keys.ts";
import { InputQueue } from "./input-queue.ts";
import { plainScreen, rawMode } from "./raw-mode.ts";

/** The size of the terminal. */
export function terminalSize(): { rows: number; columns: number } {
  const { rows, columns } = process.stdout;
  return { rows: rows || 24, columns: columns || 80 };
}

/**
 * Puts this terminal in front of a process that has one: keys, output and size, until the process ends or `keys` are typed.
 * Resolves with the exit code, or `undefined` when it was left running.
 */
export async function terminalSession(
  remote: ContainerProcess<Uint8Array>,
  keys: Uint8Array,
): Promise<number | undefined> {
  using leave = new DisposableStack();
  const { promise: left, resolve: detach, reject: fail } = Promise.withResolvers<undefined>();
  leave.use(rawMode());
  leave.use(forwardKeys(remote, keys, () => detach(undefined), fail));
  leave.use(forwardSize(remote, fail));
  const code = await Promise.race([ended(remote), left]);
  if (code === undefined) await write(plainScreen);
  return code;
}

async function ended(remote: ContainerProcess<Uint8Array>): Promise<number> {
  for await (const octets of remote.stdout) await write(octets);
  return await remote.wait();
}

function forwardKeys(
  remote: ContainerProcess<Uint8Array>,
  keys: Uint8Array,
  detach: () => void,
  fail: (error: unknown) => void,
): Disposable {
  const { stdin } = process;
  const scan = detachKeys(keys);
  const queue = new InputQueue((octets) => remote.stdin.writeBytes(octets));
  const give = (input: Uint8Array) => {
    const { through, detached } = scan.take(input);
    if (through.length > 0) queue.add(through).catch((error: unknown) => isOver(error) || fail(error));
    if (detached) detach();
  };
  // Without the terminal nobody sees the process: it goes on as after the keys.
  const lost = () => fail(new OutputClosed());
  stdin.on("data", give).once("end", lost);
  return {
    [Symbol.dispose]() {
      stdin.off("data", give).off("end", lost).pause();
    },
  };
}

function forwardSize(remote: ContainerProcess<Uint8Array>, fail: (error: unknown) => void): Disposable {
  const { stdout } = process;
  let sending: Promise<void> | undefined;
  let sent = "";
  const send = async () => {
    for (;;) {
      const size = terminalSize();
      const text = JSON.stringify(size);
      if (text === sent) return;
      sent = text;
      await remote.resize(size);
    }
  };
  const change = () => {
    sending ??= send()
      .catch((error: unknown) => isOver(error) || fail(error))
      .then(() => (sending = undefined));
  };
  stdout.on("resize", change);
  change();
  return {
    [Symbol.dispose]() {
      stdout.off("resize", change);
    },
  };
}

/** Whether it only says that the process has ended, which its output and exit code say, too. */
function isOver(error: unknown): boolean {
  return error instanceof ConflictError;
}

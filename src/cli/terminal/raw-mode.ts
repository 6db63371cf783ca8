import { spawnSync } from "node:child_process";

/** The terminal gives each key to the program as it is typed, Ctrl-C included, and shows what it is sent as it is, until disposed of. */
export function rawMode(): Disposable {
  const { stdin } = process;
  stdin.setRawMode(true);
  // Node leaves the terminal to begin each line at its left edge, which programs that draw do not expect.
  spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
  const restore = () => stdin.setRawMode(false);
  // Also when the program ends in another way.
  process.once("exit", restore);
  return {
    [Symbol.dispose]() {
      process.off("exit", restore);
      restore();
    },
  };
}

/** Undoes what a full-screen program that one walks away from has made of the terminal. */
export const plainScreen =
  "\x1b[?1049l" + // the screen that was there before
  "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l" + // no reports of the mouse
  "\x1b[?2004l" + // pasted text as it is
  "\x1b[?1l\x1b>" + // keys as they are
  "\x1b[?25h\x1b[0m"; // cursor and colours

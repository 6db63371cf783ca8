/** What an archive says of a file before its contents. */
export interface TarEntry {
  /** Relative, with `/` between its parts. */
  name: string;
  type: "file" | "directory" | "symlink";
  /** Permissions. */
  mode: number;
  /** Seconds since 1970. */
  mtime: number;
  /** Octets of contents behind the head; none by default. */
  size?: number;
  /** Where a symbolic link points. */
  target?: string;
}

/** Archives are made of blocks of so many octets. */
export const blockSize = 512;

/** The blocks that begin an entry: POSIX ustar, with PAX records before it for what has no place there. */
export function tarHead({ name, type, mode, mtime, size = 0, target = "" }: TarEntry): Buffer {
  const records = [
    fits(name) ? "" : record("path", name),
    fits(target) ? "" : record("linkpath", target),
    fitsOctal(size, 11) ? "" : record("size", String(size)),
    fitsOctal(mtime, 11) ? "" : record("mtime", String(mtime)),
  ].join("");
  const head = block({ name, target, mode, size, mtime, flag: flags[type] });
  if (records === "") return head;
  const octets = Buffer.from(records);
  const before = block({ name: "PaxHeader", target: "", mode: 0o644, size: octets.length, mtime: 0, flag: "x" });
  return Buffer.concat([before, octets, Buffer.alloc(paddingOf(octets.length)), head]);
}

/** How many zeros follow so many octets of contents. */
export function paddingOf(size: number): number {
  return -size & (blockSize - 1);
}

const flags = { file: "0", directory: "5", symlink: "2" } as const;

/** What a name takes at most. */
const nameSize = 100;

function fits(name: string): boolean {
  return name.length <= nameSize && Buffer.byteLength(name) === name.length;
}

function fitsOctal(value: number, digits: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 8 ** digits;
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself, too. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length++;
  return `${length} ${key}=${value}\n`;
}

interface Fields {
  name: string;
  target: string;
  mode: number;
  size: number;
  mtime: number;
  flag: string;
}

function block({ name, target, mode, size, mtime, flag }: Fields): Buffer {
  // From the pool, which memory of its own would take longer than.
  const head = Buffer.allocUnsafe(blockSize).fill(0);
  head.write(name, 0, nameSize);
  const numbers = `${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(size, 11)}\0${octal(mtime, 11)}\0`;
  head.write(`${numbers}        ${flag}`, 100, "latin1");
  head.write(target, 157, nameSize);
  head.write("ustar\x0000", 257, "latin1");
  let sum = 0;
  for (const octet of head) sum += octet;
  head.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return head;
}

function octal(value: number, digits: number): string {
  return (fitsOctal(value, digits) ? value : 0).toString(8).padStart(digits, "0");
}

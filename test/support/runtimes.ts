import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** How each runtime of the SDK starts a program: npm packages bring those that this one is not. */
export const runtimes: readonly { name: string; command: string; args: readonly string[] }[] = [
  { name: "Node", command: process.execPath, args: [] },
  {
    name: "Bun",
    command: require.resolve(`@oven/bun-linux-${process.arch === "arm64" ? "aarch64" : "x64"}/bin/bun`),
    args: ["run"],
  },
  {
    name: "Deno",
    command: require.resolve(`@deno/linux-${process.arch}-glibc/deno`),
    args: ["run", "--allow-all", "--no-lock"],
  },
];

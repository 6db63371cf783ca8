import { all, failure, failures, type Case } from "./case.ts";

const octets = Uint8Array.from({ length: 256 }, (_, index) => index);

/** Processes: what they are given, what they write and how they end. */
export const exec: Case[] = [
  {
    name: "a process has two streams and an exit code",
    async run({ work }) {
      const process = await work.exec(["sh", "-c", "echo out; echo err >&2; exit 3"]);
      const early = process.returncode;
      const [stdout, stderr, code] = await Promise.all([
        process.stdout.readText(),
        process.stderr.readText(),
        process.wait(),
      ]);
      return [early, stdout, stderr, code, process.returncode, await process.poll()];
    },
    want: [null, "out\n", "err\n", 3, 3, 3],
  },
  {
    name: "what a process is given, it reads, to the end",
    async run({ work }) {
      const process = await work.exec(["cat"]);
      await process.stdin.writeText("grüße, ");
      await process.stdin.writeBytes(new TextEncoder().encode("world"));
      await process.stdin.close();
      return [await process.stdout.readText(), await process.wait()];
    },
    want: ["grüße, world", 0],
  },
  {
    name: "input is a web stream",
    async run({ work }) {
      const process = await work.exec(["cat"]);
      const writer = process.stdin.getWriter();
      await writer.write("by a writer");
      await writer.close();
      return await process.stdout.readText();
    },
    want: "by a writer",
  },
  {
    name: "binary mode gives octets as they are",
    async run({ work }) {
      const process = await work.exec(["cat"], { mode: "binary" });
      await process.stdin.writeBytes(octets);
      await process.stdin.close();
      return await process.stdout.readBytes();
    },
    want: octets,
  },
  {
    name: "no character is cut in two",
    async run({ work }) {
      const process = await work.exec(["cat"]);
      const text = "é".repeat(70_000);
      await process.stdin.writeText(text);
      await process.stdin.close();
      return (await all(process.stdout)).join("") === text;
    },
    want: true,
  },
  {
    name: "there is nothing to read twice",
    async run({ work }) {
      const process = await work.exec(["echo", "once"]);
      return [await process.stdout.readText(), await process.stdout.readText()];
    },
    want: ["once\n", ""],
  },
  {
    name: "line buffering gives whole lines",
    async run({ work }) {
      const process = await work.exec(["printf", "one\\ntwo\\nthree"], { bufsize: 1 });
      return await all(process.stdout);
    },
    want: ["one\n", "two\n", "three"],
  },
  {
    name: "an ignored stream is empty",
    async run({ work }) {
      const process = await work.exec(["sh", "-c", "echo out; echo err >&2"], { stdout: "ignore" });
      return [await process.stdout.readText(), await process.stderr.readText(), await process.wait()];
    },
    want: ["", "err\n", 0],
  },
  {
    name: "a terminal has both streams in one",
    async run({ work }) {
      const process = await work.exec(["sh", "-c", "echo out; echo err >&2"], { pty: true });
      return [await process.stdout.readText(), await process.stderr.readText(), await process.wait()];
    },
    want: ["out\r\nerr\r\n", "", 0],
  },
  {
    name: "a signal ends a process with 128 and its number",
    async run({ work }) {
      const itself = await work.exec(["sh", "-c", "kill -TERM $$"]);
      const killed = await work.exec(["sleep", "60"]);
      const asked = await work.exec(["sleep", "60"]);
      const running = await killed.poll();
      await killed.kill();
      await asked.kill("SIGINT");
      const codes = [await itself.wait(), await killed.wait(), await asked.wait()];
      await killed.kill();
      return [running, codes];
    },
    want: [null, [143, 137, 130]],
  },
  {
    name: "a process that reaches its time limit has 137",
    async run({ work }) {
      const process = await work.exec(["sleep", "60"], { timeoutMs: 1000 });
      return [await process.stdout.readText(), await process.wait()];
    },
    want: ["", 137],
  },
  {
    name: "env wins over secrets, and comes on top of the sandbox's own",
    async run({ work, client }) {
      const secret = client.secrets.fromObject({ FROM: "secret", ONLY: "secret" });
      const process = await work.exec(["sh", "-c", "echo $FROM $ONLY $OF_SANDBOX"], {
        env: { FROM: "env", UNSET: undefined },
        secrets: [secret],
      });
      return await process.stdout.readText();
    },
    want: "env secret yes\n",
  },
  {
    name: "a process starts where it is told to",
    async run({ work }) {
      const process = await work.exec(["pwd"], { workdir: "/tmp" });
      const refusals = await failures(
        () => work.exec(["pwd"], { workdir: "" }),
        () => work.exec(["pwd"], { workdir: "tmp" }),
        () => work.exec(["pwd"], { workdir: "/missing" }),
      );
      return [await process.stdout.readText(), refusals];
    },
    want: ["/tmp\n", ["InvalidError", "InvalidError", "NotFoundError"]],
  },
  {
    name: "a command may have 65,536 characters and must be a program",
    async run({ work }) {
      const longest = await work.exec(["true", "x".repeat(65_532)]);
      const refusals = await failures(
        () => work.exec(["true", "x".repeat(65_533)]),
        () => work.exec([]),
        () => work.exec(["no-such-program"]),
        () => work.exec(["true"], { timeoutMs: 1 }),
        () => work.exec(["true"], { env: { "1": "" } }),
      );
      return [await longest.wait(), refusals];
    },
    want: [0, ["InvalidError", "InvalidError", "NotFoundError", "InvalidError", "InvalidError"]],
  },
  {
    name: "several may write to a process, each in its order",
    async run({ work, unique }) {
      const process = await work.exec(["cat"], { processId: unique });
      const other = await work.attach(unique);
      await process.stdin.writeText("one ");
      await other.stdin.writeText("two ");
      await process.stdin.writeText("three ");
      await other.stdin.writeText("four");
      await process.stdin.close();
      return await process.stdout.readText();
    },
    want: "one two three four",
  },
  {
    name: "a process can be come back to by its id",
    async run({ work, unique }) {
      const process = await work.exec(["cat"], { processId: unique });
      await process.stdin.writeText("first, ");
      const again = await work.attach(unique);
      await again.stdin.writeText("second");
      await again.stdin.close();
      return [
        again.processId === process.processId,
        await again.stdout.readText(),
        await again.wait(),
        await process.stdout.readText(),
        await failure(() => work.attach(`${unique}-not`)),
      ];
    },
    want: [true, "first, second", 0, "first, second", "NotFoundError"],
  },
  {
    name: "a process that has ended takes no input",
    async run({ work }) {
      const process = await work.exec(["true"]);
      await process.wait();
      return await failure(() => process.stdin.writeText("late"));
    },
    want: "ConflictError",
  },
  {
    name: "an aborted signal kills the process, and what waits for it rejects",
    async run({ work, unique }) {
      const { signal, abort } = aborting();
      const process = await work.exec(["sleep", "60"], { signal, processId: unique });
      const attached = await work.attach(unique);
      const waiting = failures(
        () => process.wait(),
        () => process.stdout.readText(),
      );
      abort();
      return [await waiting, await attached.wait()];
    },
    want: [["AbortError", "AbortError"], 137],
  },
  {
    name: "to stop waiting does not end a process",
    async run({ work }) {
      const process = await work.exec(["cat"]);
      const { signal, abort } = aborting();
      const waiting = failure(() => process.wait({ signal }));
      abort();
      const waited = await waiting;
      await process.stdin.close();
      return [waited, await process.wait()];
    },
    want: ["AbortError", 0],
  },
  {
    name: "leaving the scope of `await using` ends a process",
    async run({ work, unique }) {
      {
        await using process = await work.exec(["sleep", "60"], { processId: unique });
        void process;
      }
      return await (await work.attach(unique)).wait();
    },
    want: 137,
  },
  {
    name: "a megabyte comes back as it was",
    async run({ work }) {
      const process = await work.exec(["cat"], { mode: "binary" });
      const sent = Uint8Array.from({ length: 1_000_003 }, (_, index) => (index * 7919) % 251);
      const received = process.stdout.readBytes();
      await process.stdin.writeBytes(sent);
      await process.stdin.close();
      return Buffer.compare(await received, sent);
    },
    want: 0,
  },
];

function aborting(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

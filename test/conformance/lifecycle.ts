import { Probe } from "sandkeep";
import { waitFor } from "../support/wait-for.ts";
import { all, failure, failures, type Case } from "./case.ts";

/** Sandboxes from their creation to their end. */
export const lifecycle: Case[] = [
  {
    name: "a command that succeeds ends its sandbox with 0",
    async run({ create }) {
      const sandbox = await create({ command: ["true"] });
      return [sandbox.returncode, await sandbox.wait(), sandbox.returncode, await sandbox.poll()];
    },
    want: [null, 0, 0, 0],
  },
  {
    name: "the exit code of a sandbox is that of its command",
    async run({ create }) {
      const sandbox = await create({ command: ["sh", "-c", "exit 3"] });
      return [await sandbox.wait(), await failure(() => sandbox.exec(["true"]))];
    },
    want: [3, "ConflictError"],
  },
  {
    name: "what is terminated has 137, and may be terminated again",
    async run({ create }) {
      const sandbox = await create();
      const before = await sandbox.poll();
      const ended = await sandbox.terminate({ wait: true });
      await sandbox.terminate();
      return [before, ended, await sandbox.poll(), await failure(() => sandbox.wait({ throwOnTermination: true }))];
    },
    want: [null, 137, 137, "SandboxTerminatedError"],
  },
  {
    name: "what reaches its time limit has 124",
    async run({ create }) {
      const sandbox = await create({ timeoutMs: 1000 });
      return [await sandbox.wait(), await failure(() => sandbox.wait({ throwOnTermination: true }))];
    },
    want: [124, "SandboxTimeoutError"],
  },
  {
    name: "a time limit can be raised while a sandbox runs, not lowered",
    async run({ create }) {
      const sandbox = await create({ timeoutMs: 600_000 });
      await sandbox.waitUntilStarted();
      await sandbox.updateTimeouts({ timeoutMs: 900_000, idleTimeoutMs: 60_000 });
      const lower = await failure(() => sandbox.updateTimeouts({ timeoutMs: 600_000 }));
      const part = await failure(() => sandbox.updateTimeouts({ timeoutMs: 900_500 }));
      await sandbox.updateTimeouts({ idleTimeoutMs: null });
      const { timeoutMs, idleTimeoutMs } = await sandbox.info();
      await sandbox.terminate({ wait: true });
      return [
        lower,
        part,
        timeoutMs,
        idleTimeoutMs,
        await failure(() => sandbox.updateTimeouts({ timeoutMs: 999_000 })),
      ];
    },
    want: ["InvalidError", "InvalidError", 900_000, undefined, "ConflictError"],
  },
  {
    name: "what it may reach changes while it runs: lists replace lists, and contradictions are refused",
    async run({ create }) {
      const sandbox = await create({ outboundCidrAllowlist: ["203.0.113.0/24"] });
      await sandbox.waitUntilStarted();
      const shown = [(await sandbox.info()).network];
      for (const change of [
        { blockNetwork: true },
        { outboundCidrAllowlist: ["198.51.100.0/24"], outboundDomainAllowlist: [] },
        { outboundCidrAllowlist: [] },
        { blockNetwork: false },
      ]) {
        await sandbox.updateNetworkPolicy(change);
        shown.push((await sandbox.info()).network);
      }
      const both = await failure(() =>
        sandbox.updateNetworkPolicy({ blockNetwork: true, outboundCidrAllowlist: ["0.0.0.0/0"] }),
      );
      const nothing = await failure(() => sandbox.updateNetworkPolicy({}));
      await sandbox.terminate({ wait: true });
      const late = await failure(() => sandbox.updateNetworkPolicy({ blockNetwork: true }));
      return [shown, both, nothing, late];
    },
    want: [
      [
        { blockNetwork: false, outboundCidrAllowlist: ["203.0.113.0/24"], outboundDomainAllowlist: [] },
        { blockNetwork: true },
        { blockNetwork: false, outboundCidrAllowlist: ["198.51.100.0/24"], outboundDomainAllowlist: [] },
        { blockNetwork: false, outboundCidrAllowlist: [], outboundDomainAllowlist: [] },
        { blockNetwork: false },
      ],
      "InvalidError",
      "InvalidError",
      "ConflictError",
    ],
  },
  {
    name: "what is not used for long enough has 124, and a program that runs is use",
    async run({ create }) {
      const sandbox = await create({ idleTimeoutMs: 300_000 });
      const process = await sandbox.exec(["sleep", "3"]);
      await sandbox.updateTimeouts({ idleTimeoutMs: 1000 });
      const code = await process.wait();
      const ended = await sandbox.wait();
      return [
        code,
        ended,
        (await sandbox.info()).reason,
        await failure(() => sandbox.wait({ throwOnTermination: true })),
      ];
    },
    want: [0, 124, "IdleTimeout", "SandboxTimeoutError"],
  },
  {
    name: "a sandbox is found by its id, and one that is not there is not",
    async run({ client, work }) {
      const found = await client.sandboxes.fromId(work.sandboxId);
      return [found.sandboxId === work.sandboxId, await failure(() => client.sandboxes.fromId("missing"))];
    },
    want: [true, "NotFoundError"],
  },
  {
    name: "only one running sandbox of an app has a name",
    async run({ client, app, create, unique: name }) {
      const sandbox = await create({ name });
      const found = await client.sandboxes.fromName(app.name, name);
      const second = await failure(() => create({ name }));
      await sandbox.terminate({ wait: true });
      const gone = await failure(() => client.sandboxes.fromName(app.name, name));
      return [found.sandboxId === sandbox.sandboxId, second, gone, await failure(() => create({ name }))];
    },
    want: [true, "AlreadyExistsError", "NotFoundError", "nothing"],
  },
  {
    name: "tags are replaced as a whole, and select in lists",
    async run({ client, app, create, unique }) {
      const sandbox = await create({ tags: { case: unique } });
      await sandbox.setTags({ case: unique, version: "2" });
      const list = async (tags: Record<string, string>) =>
        (await all(client.sandboxes.list({ appId: app.appId, tags }))).length;
      const counts = [await list({ case: unique }), await list({ case: unique, version: "2" })];
      const none = await list({ case: unique, version: "1" });
      const tags = await sandbox.getTags();
      await sandbox.setTags({});
      return [counts, none, tags["version"], await sandbox.getTags()];
    },
    want: [[1, 1], 0, "2", {}],
  },
  {
    name: "a sandbox that has finished is in no list, unless it is asked for",
    async run({ client, app, create, unique }) {
      const sandbox = await create({ tags: { case: unique } });
      await sandbox.terminate({ wait: true });
      const query = { appId: app.appId, tags: { case: unique } };
      const [finished] = await all(client.sandboxes.listInfo({ ...query, includeFinished: true }));
      return [(await all(client.sandboxes.list(query))).length, finished?.phase, finished?.reason, finished?.exitCode];
    },
    want: [0, "Finished", "Terminated", 137],
  },
  {
    name: "a command has its input and its output",
    async run({ create }) {
      const sandbox = await create({ command: ["cat"] });
      await sandbox.stdin.writeText("in and ");
      await sandbox.stdin.writeText("out\n");
      await sandbox.stdin.close();
      return [await sandbox.stdout.readText(), await sandbox.wait()];
    },
    want: ["in and out\n", 0],
  },
  {
    name: "env wins over secrets, later secrets over earlier ones",
    async run({ client, create }) {
      const secrets = [
        client.secrets.fromObject({ A: "secret", B: "earlier" }),
        client.secrets.fromObject({ B: "later", C: null }),
      ];
      const sandbox = await create({ secrets, env: { A: "env", D: "$(A) $" } });
      const process = await sandbox.exec(["sh", "-c", 'echo "$A $B ($C) $D"']);
      return await process.stdout.readText();
    },
    want: "env later () $(A) $\n",
  },
  {
    name: "a probe tells when a sandbox is ready",
    async run({ create }) {
      const readinessProbe = Probe.withExec(["test", "-f", "/tmp/ready"], { intervalMs: 50 });
      const sandbox = await create({ readinessProbe });
      const early = await failure(() => sandbox.waitUntilReady(1));
      await sandbox.filesystem.writeText("", "/tmp/ready");
      await sandbox.waitUntilReady();
      await sandbox.waitUntilReady();
      await sandbox.terminate({ wait: true });
      return [
        early,
        await failures(
          () => sandbox.waitUntilReady(0),
          () => sandbox.waitUntilReady(),
        ),
      ];
    },
    want: ["TimeoutError", ["InvalidError", "ConflictError"]],
  },
  {
    name: "there is no waiting for readiness without a probe",
    run: ({ work }) => failure(() => work.waitUntilReady()),
    want: "ConflictError",
  },
  {
    name: "a detached sandbox can do nothing, and goes on",
    async run({ client, create }) {
      const sandbox = await create();
      const { filesystem, sandboxId } = sandbox;
      sandbox.detach();
      sandbox.detach();
      const errors = await failures(
        () => sandbox.exec(["true"]),
        () => sandbox.poll(),
        () => sandbox.terminate(),
        () => sandbox.getTags(),
        () => filesystem.readText("/etc/hostname"),
      );
      return [new Set(errors), await (await client.sandboxes.fromId(sandboxId)).poll()];
    },
    want: [new Set(["ClientClosedError"]), null],
  },
  {
    name: "a deleted sandbox leaves nothing",
    async run({ client, create }) {
      const sandbox = await create();
      await sandbox.waitUntilStarted();
      await sandbox.delete();
      await waitFor("the sandbox to go", async () =>
        (await failure(() => client.sandboxes.fromId(sandbox.sandboxId))) === "nothing" ? undefined : true,
      );
      return await failure(() => client.sandboxes.fromId(sandbox.sandboxId));
    },
    want: "NotFoundError",
  },
  {
    name: "leaving the scope of `await using` ends a sandbox",
    async run({ client, create }) {
      let id: string;
      {
        await using sandbox = await create();
        id = sandbox.sandboxId;
      }
      return await (await client.sandboxes.fromId(id)).wait();
    },
    want: 137,
  },
  {
    name: "an aborted signal ends what waits, not the sandbox",
    async run({ client, app, image, work }) {
      const waiting = new AbortController();
      const wait = failure(() => work.wait({ signal: waiting.signal }));
      waiting.abort();
      const signal = AbortSignal.abort();
      return [
        await wait,
        await failures(
          () => client.sandboxes.create(app, image, { signal }),
          () => client.sandboxes.fromId(work.sandboxId, { signal }),
          () => client.apps.fromName(app.name, { signal }),
          () => work.exec(["true"], { signal }),
          () => work.poll({ signal }),
          () => work.terminate({ signal }),
          () => work.getTags({ signal }),
          () => work.filesystem.stat("/", { signal }),
          () => work.filesystem.writeText("", "/tmp/never", { signal }),
          () => all(work.filesystem.watch("/tmp", { signal })),
        ),
        await work.poll(),
      ];
    },
    want: ["AbortError", Array.from({ length: 10 }, () => "AbortError"), null],
  },
  {
    name: "parameters that are none are refused",
    run: ({ create, client, app, image }) =>
      failures(
        () => create({ timeoutMs: 500 }),
        () => create({ timeoutMs: 0 }),
        () => client.sandboxes.create(app, image, { cpuLimit: 1 }),
        () => create({ cpu: 2, cpuLimit: 1 }),
        () => create({ memoryMiB: -1 }),
        () => create({ workdir: "tmp" }),
        () => create({ env: { "not-a-name": "" } }),
        () => create({ name: "no spaces" }),
        () => create(Object.assign({ verbose: false }, { timeout: 1000 })),
        () => Probe.withTcp(0),
        () => Probe.withExec([]),
        () => client.images.fromId("im-123"),
      ),
    want: Array.from({ length: 12 }, () => "InvalidError"),
  },
  {
    name: "what has no name there is not found",
    run: ({ client, unique }) =>
      failures(
        () => client.apps.fromName(unique),
        () => client.secrets.fromName(unique),
        () => client.volumes.fromName(unique),
        () => client.volumes.delete(unique),
        () => client.volumes.delete(unique, { allowMissing: true }),
        () => client.sandboxes.fromName("conformance", unique),
      ),
    want: ["NotFoundError", "NotFoundError", "NotFoundError", "NotFoundError", "nothing", "NotFoundError"],
  },
  {
    name: "a watch tells of the sandboxes that there are, and what becomes of them",
    async run({ client, create, unique }) {
      const tags = { case: unique };
      const sandbox = await create({ tags });
      const events: string[] = [];
      for await (const event of client.sandboxes.watch({ tags, signal: AbortSignal.timeout(60_000) })) {
        if (events.at(-1) !== event.type) events.push(event.type);
        if (event.type === "listed") await sandbox.terminate();
        if (event.type === "deleted") break;
      }
      return events.filter((type) => type !== "modified");
    },
    want: ["added", "listed", "deleted"],
  },
  {
    name: "a volume keeps its files from one sandbox to the next",
    async run({ client, create, unique }) {
      const volumes = { "/data": client.volumes.fromName(unique, { createIfMissing: true }) };
      const first = await create({ volumes });
      await first.filesystem.writeText("kept", "/data/file");
      await first.terminate({ wait: true });
      const second = await create({ volumes });
      const text = await second.filesystem.readText("/data/file");
      await second.terminate({ wait: true });
      await client.volumes.delete(unique);
      return text;
    },
    want: "kept",
  },
  {
    name: "an app and a volume are made when they are missing",
    async run({ client, unique }) {
      const made = await client.volumes.fromName(unique, { createIfMissing: true });
      const found = await client.volumes.fromName(unique);
      await client.volumes.delete(unique);
      const app = await client.apps.fromName(unique, { createIfMissing: true });
      return [made.name === found.name, (await client.apps.fromName(unique)).appId === app.appId];
    },
    want: [true, true],
  },
];

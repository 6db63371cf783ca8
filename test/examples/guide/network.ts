// Says what a sandbox may reach, and changes it while it runs.
import { SandkeepClient } from "sandkeep";

const sandkeep = new SandkeepClient();
const app = await sandkeep.apps.fromName("my-app", { createIfMissing: true });
const image = sandkeep.images.fromRegistry("debian:bookworm-slim");
const sandbox = await sandkeep.sandboxes.create(app, image, {
  outboundCidrAllowlist: ["1.1.1.0/24", "9.9.9.9/32"],
});

// One of them only
await sandbox.updateNetworkPolicy({ outboundCidrAllowlist: ["9.9.9.9/32"] });
const { network } = await sandbox.info();
console.log(network.outboundCidrAllowlist);

// None at all
await sandbox.updateNetworkPolicy({ blockNetwork: true });
const process = await sandbox.exec(["bash", "-c", "echo > /dev/tcp/9.9.9.9/53"], { timeoutMs: 3000 });
console.log(await process.wait());

await sandbox.terminate();

import type { ContainerProcess } from "../../sdk/process/container-process.ts";
import { isCutByTheEnd } from "../../sdk/process/follow.ts";

/**
 * The exit code that `run` gives, and whether the output is whole. It is not where the gateway had gone without a word when the
 * command ended: the exit code is then asked for alone.
 */
export async function codeAndWhole(
  run: Promise<number | undefined>,
  remote: Pick<ContainerProcess<Uint8Array>, "wait">,
): Promise<{ code: number | undefined; whole: boolean }> {
  try {
    return { code: await run, whole: true };
  } catch (error) {
    if (!isCutByTheEnd(error)) throw error;
    return { code: await remote.wait(), whole: false };
  }
}

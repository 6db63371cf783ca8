import { expect, it } from "vitest";
import { orAborted } from "../../../src/lib/or-aborted.ts";

const never = new Promise<string>(() => {});
const gone = new Error("gone");

it("gives what the promise gives", async () => {
  await expect(orAborted(Promise.resolve("yes"))).resolves.toBe("yes");
  await expect(orAborted(Promise.resolve("yes"), new AbortController().signal)).resolves.toBe("yes");
  await expect(orAborted(Promise.reject(gone), new AbortController().signal)).rejects.toBe(gone);
});

it("ends with the signal's reason, whether it is aborted before or meanwhile", async () => {
  await expect(orAborted(never, AbortSignal.abort(gone))).rejects.toBe(gone);
  const controller = new AbortController();
  const waiting = expect(orAborted(never, controller.signal)).rejects.toBe(gone);
  controller.abort(gone);
  await waiting;
});

/** Requests at a time. */
const atOnce = 25;

/** Does the task for each name, for 25 at a time. */
export async function each(names: string[], task: (name: string) => Promise<unknown>): Promise<void> {
  const left = names.values();
  const worker = async (): Promise<void> => {
    for (const name of left) await task(name);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

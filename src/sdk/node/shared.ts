/** A request whose answer, or failure, all have who ask while it is under way; who asks later makes another. */
export function shared<T>(request: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => (underWay ??= request().finally(() => (underWay = undefined)));
}

/** Throws for an async function, before anything of it has run. */
export function refuseAsyncFunction(work: unknown): void {
  if (typeof work === "function" && work.constructor.name === "AsyncFunction") {
    throw new Error("a transaction is synchronous: it cannot run an async function");
  }
}

/** Gives back what is no promise. @throws Error for a promise: it would end after the COMMIT */
export function refusePromise<T>(result: T): T {
  if (typeof result !== "object" || result === null || !("then" in result)) return result;
  // What the function does later is out of our hands; its failure must not end the process.
  Promise.resolve(result).catch(() => undefined);
  throw new Error("a transaction is synchronous: its function returned a promise");
}

import type { Readable } from "node:stream";

/** What has arrived and is not read yet; from then on the sender is slowed down. */
export const AHEAD_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The body of an answer. When the line breaks, what had arrived is read first and the error then: other
 * streams drop at an error what nobody has read, and a transfer would begin again before it. Only a
 * reader that is `AHEAD_BYTES_MAX` behind loses what the runtime holds for the halted connection.
 */
export function arrivedBody(response: Readable): ReadableStream<Uint8Array> {
  const arrived: Uint8Array[] = [];
  let aheadBytes = 0;
  let end: { readonly error: Error | undefined } | undefined;
  let news = Promise.withResolvers<void>();
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers<void>();
  };
  const ended = (error: Error | undefined) => {
    end ??= { error };
    tell();
  };
  response.on("data", (chunk: Uint8Array) => {
    arrived.push(chunk);
    aheadBytes += chunk.length;
    if (aheadBytes >= AHEAD_BYTES_MAX) response.pause();
    tell();
  });
  response.on("end", () => ended(undefined));
  response.on("error", ended);
  response.on("close", () => ended(new Error("the connection was closed")));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (arrived.length === 0 && end === undefined) await news.promise;
        const chunk = arrived.shift();
        if (chunk !== undefined) {
          aheadBytes -= chunk.length;
          if (aheadBytes < AHEAD_BYTES_MAX) response.resume();
          controller.enqueue(chunk);
        } else if (end?.error) controller.error(end.error);
        else controller.close();
      },
      cancel() {
        response.destroy();
        ended(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

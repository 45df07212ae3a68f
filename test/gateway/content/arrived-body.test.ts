import { expect, test } from "bun:test";
import { request } from "node:http";
import { createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { AHEAD_BYTES_MAX, arrivedBody } from "../../../gateway/content/arrived-body.ts";

const BYTES = 160_000;

/** One answer of a sender, as `play` goes on with it after the headers, and when its body has ended. */
async function answerOf(play: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // Whoever reads may leave first.
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
      play(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const closed = Promise.withResolvers<void>();
  const body = await new Promise<ReadableStream<Uint8Array>>((resolve, reject) => {
    const sent = request(`http://127.0.0.1:${address.port}/`, { agent: false }, (response) => {
      response.on("close", () => closed.resolve());
      resolve(arrivedBody(response));
    });
    sent.on("error", reject);
    sent.end();
  });
  return { body, closed: closed.promise, close: () => server.close() };
}

async function read(body: ReadableStream<Uint8Array>): Promise<{ bytes: number; error: unknown }> {
  let bytes = 0;
  try {
    for await (const chunk of body) bytes += chunk.length;
    return { bytes, error: undefined };
  } catch (error) {
    return { bytes, error };
  }
}

test.each([
  ["before it drops", false],
  ["long after it has dropped", true],
])("what arrived over a line that drops is read, also %s", async (_, isLate) => {
  const { body, closed, close } = await answerOf((socket) => socket.end(Buffer.alloc(BYTES)));
  if (isLate) await closed;
  const { bytes, error } = await read(body);
  expect(bytes).toBe(BYTES);
  expect(error).toBeInstanceOf(Error);
  close();
});

test("a slow reader halts the sender, and misses nothing", async () => {
  const chunk = 64 * 1024;
  const chunks = (3 * AHEAD_BYTES_MAX) / chunk;
  let given = 0;
  const sender = new Readable({
    highWaterMark: chunk,
    read() {
      this.push(given < chunks ? Buffer.alloc(chunk, given++) : null);
    },
  });
  const reader = arrivedBody(sender).getReader();
  for (let turn = 0; turn < 10 * chunks; turn++) await new Promise(setImmediate);
  expect(given * chunk).toBeGreaterThanOrEqual(AHEAD_BYTES_MAX);
  expect(given * chunk).toBeLessThanOrEqual(AHEAD_BYTES_MAX + 2 * chunk);
  for (let read = 0; read < chunks; read++) {
    expect((await reader.read()).value?.[0]).toBe(read % 256);
  }
  expect((await reader.read()).done).toBe(true);
});

test("a reader that leaves closes the connection", async () => {
  const gone = Promise.withResolvers<void>();
  const { body, close } = await answerOf((socket) => {
    socket.on("close", () => gone.resolve());
    socket.write(Buffer.alloc(BYTES));
  });
  await body.cancel();
  await gone.promise;
  close();
});

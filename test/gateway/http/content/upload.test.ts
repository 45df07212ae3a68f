import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { AppError } from "../../../../devices/model/errors.ts";
import type { StoredFile } from "../../../../gateway/content/blob-store.ts";
import { uploadRoutes } from "../../../../gateway/http/content/upload.ts";
import {
  type ContentHarness,
  contentHarness,
  FLOOR_BYTES,
  md5Of,
  sha256Of,
} from "../../content/content-harness.ts";
import { type ContentServer, serveRoutes } from "./content-server.ts";

const BYTES = Buffer.alloc(3_000_000, "some bytes of a package");
const BYTES_MAX = 4_000_000;
const ANSWER = { sha256: sha256Of(BYTES), md5: md5Of(BYTES), bytes: BYTES.length, name: "app.cab" };

let content: ContentHarness;
let server: ContentServer;
let stored: StoredFile[];

beforeEach(async () => {
  content = await contentHarness();
  stored = [];
  server = serveRoutes((app) =>
    app.route(
      "/api/v1/files",
      uploadRoutes({
        store: content.store,
        authorise: (c) => {
          if (c.req.header("authorization") !== "Bearer ok") {
            throw new AppError("unauthorized", "Log in.");
          }
        },
        onStored: (_, file) => {
          stored.push(file);
        },
        bytesMax: BYTES_MAX,
      }),
    ),
  );
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await content[Symbol.asyncDispose]();
});

describe("POST /api/v1/files", () => {
  test("stores a body and answers its digests; again gives the same answer", async () => {
    for (let time = 1; time <= 2; time++) {
      const answer = await post(BYTES, "?name=app.cab");
      expect(answer.status).toBe(201);
      expect(await answer.json()).toEqual(ANSWER);
    }
    expect(await content.stored()).toEqual([ANSWER.sha256]);
    expect(stored).toEqual([ANSWER, ANSWER]);
  });

  test("stores a body of unknown length", async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < BYTES.length; at += 100_000) {
          controller.enqueue(new Uint8Array(BYTES.subarray(at, at + 100_000)));
        }
        controller.close();
      },
    });
    expect(await (await post(body, "?name=app.cab")).json()).toEqual(ANSWER);
  });

  test("stores the file of a form, named by the form", async () => {
    const form = new FormData();
    form.set("_csrf", "token");
    form.set("file", new File([BYTES], "C:\\setup\\Größe.cab"));
    form.set("note", "after");
    const answer = await post(form);
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ ...ANSWER, name: "Größe.cab" });
  });

  test("stores an empty file", async () => {
    const answer = await post(new Uint8Array(), "?name=empty");
    expect(await answer.json()).toMatchObject({
      bytes: 0,
      md5: "d41d8cd98f00b204e9800998ecf8427e",
    });
  });

  test("a name is only a name", async () => {
    const answer = await post(BYTES, `?name=${encodeURIComponent("../../etc/pass\nwd")}`);
    expect(await answer.json()).toMatchObject({ name: "passwd" });
  });

  test("reads nothing before the caller is known", async () => {
    const answer = await post(BYTES, "?name=app.cab", { authorization: "Bearer wrong" });
    expect(answer.status).toBe(401);
    await expectNothing();
  });

  test.each([
    ["the right digest in hexadecimal", { "x-content-sha256": ANSWER.sha256.toUpperCase() }, 201],
    ["the right digest of RFC 3230", { digest: `md5=AAAA,SHA-256=${base64(ANSWER.sha256)}` }, 201],
    [
      "the right digest of RFC 9530",
      { "content-digest": `sha-256=:${base64(ANSWER.sha256)}:` },
      201,
    ],
    ["a digest of another kind alone", { digest: "md5=AAAA" }, 201],
    ["a wrong digest in hexadecimal", { "x-content-sha256": sha256Of("x") }, 422],
    ["a wrong digest of RFC 3230", { digest: `sha-256=${base64(sha256Of("x"))}` }, 422],
    ["a wrong digest of RFC 9530", { "repr-digest": `sha-256=:${base64(sha256Of("x"))}:` }, 422],
    ["a digest that is none", { "x-content-sha256": "abc" }, 422],
    ["a base64 digest that is none", { digest: "sha-256=abc" }, 422],
    [
      "two digests that differ",
      { "x-content-sha256": ANSWER.sha256, digest: `sha-256=${base64(sha256Of("x"))}` },
      422,
    ],
  ])("with %s", async (_, headers, status) => {
    const answer = await post(BYTES, "?name=app.cab", headers);
    expect(answer.status).toBe(status);
    if (status === 201) expect(await answer.json()).toEqual(ANSWER);
    else await expectNothing();
  });

  test.each([
    ["no name", "", undefined, 422],
    ["a blank name", "?name=%20", undefined, 422],
    ["a form without a boundary", "", "multipart/form-data", 400],
    ["a form of another kind", "", "multipart/mixed; boundary=B", 400],
    ["a form that is not one", "", "multipart/form-data; boundary=B", 400],
  ])("refuses %s", async (_, query, contentType, status) => {
    const headers = contentType === undefined ? {} : { "content-type": contentType };
    const answer = await post(BYTES, query, headers);
    expect(answer.status).toBe(status);
    await expectNothing();
  });

  test.each([
    ["without a file", [["note", "x"]], "carries none"],
    ["whose file was not chosen", [["file", new File([], "")]], "name is empty"],
    ["whose field file is text", [["file", "text"]], "name is empty"],
    [
      "with two files",
      [
        ["file", new File(["a"], "a")],
        ["file", new File(["b"], "b")],
      ],
      "one file at a time",
    ],
  ] as const)("refuses a form %s", async (_, fields, detail) => {
    const form = new FormData();
    for (const [field, value] of fields) form.append(field, value as string);
    const answer = await post(form);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining(detail) });
    await expectNothing();
  });

  test("takes a file of the limit, and no byte more", async () => {
    const whole = new Uint8Array(BYTES_MAX);
    expect((await post(whole, "?name=x")).status).toBe(201);
    const form = new FormData();
    form.set("file", new File([whole], "x"));
    expect((await post(form)).status).toBe(201);

    const over = new Uint8Array(BYTES_MAX + 1);
    const refused = await post(over, "?name=x");
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({
      detail: expect.stringContaining("4000000 bytes"),
    });
    form.set("file", new File([over], "x"));
    expect((await post(form)).status).toBe(413);
    expect(await content.partials()).toEqual([]);
  });

  test("without room it answers 507 with what to do, and keeps nothing", async () => {
    content.disk.freeBytes = FLOOR_BYTES + BYTES.length - 1;
    const form = new FormData();
    form.set("file", new File([BYTES], "x"));
    for (const answer of [await post(BYTES, "?name=app.cab"), await post(form)]) {
      expect(answer.status).toBe(507);
      expect(await answer.json()).toMatchObject({
        code: "no-room",
        detail: expect.stringContaining("larger disk"),
      });
    }
    await expectNothing();
  });

  test.each([
    ["a body of announced length", "Content-Length: 1000000\r\n", Buffer.alloc(400_000)],
    ["a chunked body between chunks", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"],
    ["a chunked body inside a chunk", "Transfer-Encoding: chunked\r\n", "ff\r\nhello"],
    [
      "a form after its file",
      "Content-Type: multipart/form-data; boundary=B\r\nTransfer-Encoding: chunked\r\n",
      chunk('--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--B'),
    ],
  ])("%s that is cut off leaves nothing", async (_, headers, start) => {
    for (const how of ["destroy", "end"] as const) {
      await sendAndLeave(headers, start, how);
      // The next answer comes after the server has seen the connection close.
      await untilNoPartials();
      await expectNothing();
    }
  });

  test("a form that ends without its closing boundary leaves nothing", async () => {
    const text =
      '--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--B';
    const headers = { "content-type": "multipart/form-data; boundary=B" };
    const answer = await post(text, "", headers);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ rule: "multipart-truncated" });
    await expectNothing();
  });
});

function post(
  body: NonNullable<RequestInit["body"]>,
  query = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${server.url}/api/v1/files${query}`, {
    method: "POST",
    headers: { authorization: "Bearer ok", ...headers },
    body,
  });
}

async function expectNothing() {
  expect(await content.stored()).toEqual([]);
  expect(await content.partials()).toEqual([]);
  expect(await content.index.list()).toEqual([]);
  expect(stored).toEqual([]);
}

function base64(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** Begins an upload, waits until the server writes it, and leaves without finishing. */
async function sendAndLeave(headers: string, start: string | Buffer, how: "destroy" | "end") {
  const socket = connect(server.port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {}); // The server may reset the connection: that is one way to answer.
  socket.resume();
  socket.write(
    `POST /api/v1/files?name=x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ok\r\n${headers}\r\n`,
  );
  socket.write(start);
  while ((await content.partials()).length === 0) await Bun.sleep(1);
  if (how === "destroy") socket.destroy();
  else socket.end();
  await closed;
}

async function untilNoPartials() {
  while ((await content.partials()).length > 0) await Bun.sleep(1);
}

import { describe, expect, test } from "bun:test";
import {
  MultipartReader,
  multipartBoundary,
  PART_HEADER_BYTES_MAX,
  PARTS_MAX,
} from "../../../protocols/content/multipart.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());

describe("multipartBoundary()", () => {
  test.each([
    ["multipart/form-data; boundary=abc", "abc"],
    ['Multipart/Form-Data; charset=utf-8; boundary="a b"; x=y', "a b"],
    ["multipart/form-data;boundary=----WebKitFormBoundaryX", "----WebKitFormBoundaryX"],
    [`multipart/form-data; boundary=${"b".repeat(70)}`, "b".repeat(70)],
    [`multipart/form-data; boundary=${"b".repeat(71)}`, undefined],
    ["multipart/form-data", undefined],
    ["multipart/form-data; boundary=", undefined],
    ["multipart/mixed; boundary=abc", undefined],
    ["application/octet-stream", undefined],
    [null, undefined],
  ])("%p", (header, boundary) => {
    expect(multipartBoundary(header)).toBe(boundary);
  });
});

describe("MultipartReader", () => {
  test("reads fields and files, and keeps bytes that look like boundaries", () => {
    const body = "line\r\n--other\r\n--B is not at a line of its own? --B\r\n-\r\n--";
    expect(
      read("B0UND", [
        form("B0UND", [
          ["note", undefined, "hello"],
          ["file", "a.cab", body],
        ]),
      ]),
    ).toEqual([
      { field: "note", fileName: undefined, text: "hello" },
      { field: "file", fileName: "a.cab", text: body },
    ]);
  });

  test("reads an empty file, a preamble, padding and an epilogue", () => {
    const text =
      'preamble\r\n--B  \r\nContent-Disposition: form-data; name="file"; filename="e"\r\n\r\n\r\n--B--\r\nepilogue --B';
    expect(read("B", [text])).toEqual([{ field: "file", fileName: "e", text: "" }]);
  });

  test.each([
    ['name="file"; filename="a%22b.cab"', 'a"b.cab'],
    ['name="file"; filename="a\\"b.cab"', 'a"b.cab'],
    ['name="file"; filename="C:\\dir\\a.cab"', "C:\\dir\\a.cab"],
    ["name=file; filename=a.cab", "a.cab"],
    ['name="file"; filename="Größe 名.cab"', "Größe 名.cab"],
    ['name="file"; filename="x"; filename*=UTF-8\'\'Gr%C3%B6%C3%9Fe.cab', "Größe.cab"],
    ['name="file"; filename="x"; filename*=UTF-8\'\'%ff', "x"],
    ['name="file"; filename=""', ""],
  ])("file name in %p", (parameters, fileName) => {
    const text = `--B\r\ncontent-type: x/y\r\ncontent-disposition: form-data; ${parameters}\r\n\r\n\r\n--B--`;
    expect(read("B", [text])).toEqual([{ field: "file", fileName, text: "" }]);
  });

  test("reads what Bun itself writes", async () => {
    const data = new FormData();
    data.set("note", "hello");
    data.set("file", new File(["some\r\nbytes"], "Größe.cab"));
    const request = new Request("http://x/", { method: "POST", body: data });
    const boundary = multipartBoundary(request.headers.get("content-type"));
    expect(read(boundary ?? "", [await request.text()])).toEqual([
      { field: "note", fileName: undefined, text: "hello" },
      { field: "file", fileName: "Größe.cab", text: "some\r\nbytes" },
    ]);
  });

  test(`cutting the input anywhere changes nothing (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 200; round++) {
      const content = Array.from(
        { length: Math.floor(random() * 40) },
        () => ["\r", "\n", "-", "--B", "\r\n--", "x"][Math.floor(random() * 6)],
      ).join("");
      // A body may not hold its own delimiter: no sender would choose this boundary then.
      if (content.includes("\r\n--B") || `\r\n${content}`.startsWith("\r\n--B")) continue;
      const whole = form("B", [
        ["a", undefined, "1"],
        ["file", "f", content],
      ]);
      const pieces: string[] = [];
      for (let at = 0; at < whole.length; ) {
        const length = 1 + Math.floor(random() * 9);
        pieces.push(whole.slice(at, at + length));
        at += length;
      }
      expect(read("B", pieces)).toEqual([
        { field: "a", fileName: undefined, text: "1" },
        { field: "file", fileName: "f", text: content },
      ]);
    }
  });

  test("every cut-off form is noticed", () => {
    const whole = form("B", [["file", "f", "content"]]);
    const endOfForm = whole.lastIndexOf("--") + 2;
    for (let length = 0; length < endOfForm; length++) {
      expect(() => read("B", [whole.slice(0, length)])).toThrow("ends before its closing boundary");
    }
    expect(read("B", [whole.slice(0, endOfForm)])).toHaveLength(1);
  });

  test.each([
    [
      "a boundary that goes on",
      '--Bx\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--B--',
    ],
    ["a part without a name", "--B\r\nContent-Disposition: form-data\r\n\r\n\r\n--B--"],
    ["a part without headers", "--B\r\n\r\nx\r\n--B--"],
  ])("refuses %s", (_, text) => {
    expect(() => read("B", [text])).toThrow(ProtocolError);
  });

  test("headers may have 8 KiB, not more", () => {
    const start = 'Content-Disposition: form-data; name="a"\r\nX: ';
    const headers = (bytes: number) => start + "x".repeat(bytes - 2 - start.length);
    const text = (bytes: number) => `--B\r\n${headers(bytes)}\r\n\r\n1\r\n--B--`;
    expect(read("B", [text(PART_HEADER_BYTES_MAX)])).toHaveLength(1);
    expect(() => read("B", [text(PART_HEADER_BYTES_MAX + 1)])).toThrow("exceed");
    expect(() => read("B", [`--B\r\n${"x".repeat(PART_HEADER_BYTES_MAX)}`])).toThrow("exceed");
  });

  test("a form may have 16 parts, not more", () => {
    const parts = (count: number) =>
      Array.from({ length: count }, (_, at): Part => [`f${at}`, undefined, ""]);
    expect(read("B", [form("B", parts(PARTS_MAX))])).toHaveLength(PARTS_MAX);
    expect(() => read("B", [form("B", parts(PARTS_MAX + 1))])).toThrow("more than");
  });
});

type Part = readonly [field: string, fileName: string | undefined, content: string];

function form(boundary: string, parts: readonly Part[]): string {
  const texts = parts.map(([field, fileName, content]) => {
    const file = fileName === undefined ? "" : `; filename="${fileName}"`;
    return `--${boundary}\r\nContent-Disposition: form-data; name="${field}"${file}\r\n\r\n${content}\r\n`;
  });
  return `${texts.join("")}--${boundary}--\r\n`;
}

function read(boundary: string, pieces: readonly string[]) {
  const reader = new MultipartReader(boundary);
  const parts: { field: string; fileName: string | undefined; bytes: Uint8Array[] }[] = [];
  let ended = 0;
  for (const piece of pieces) {
    for (const event of reader.push(new TextEncoder().encode(piece))) {
      if (event.kind === "part")
        parts.push({ field: event.field, fileName: event.fileName, bytes: [] });
      if (event.kind === "data") parts.at(-1)?.bytes.push(Uint8Array.from(event.bytes));
      if (event.kind === "part-end") ended += 1;
    }
  }
  reader.end();
  expect(ended).toBe(parts.length);
  return parts.map(({ field, fileName, bytes }) => ({
    field,
    fileName,
    text: Buffer.concat(bytes).toString("utf8"),
  }));
}

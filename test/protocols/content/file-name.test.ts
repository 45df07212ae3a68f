import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  contentDisposition,
  mediaTypeOf,
  plainFileName,
} from "../../../protocols/content/file-name.ts";

describe("mediaTypeOf()", () => {
  test.each([
    ["app.cab", "application/vnd.ms-cab-compressed"],
    ["APP.MSI", "application/x-msi"],
    ["a.b.apk", "application/vnd.android.package-archive"],
    ["readme.txt", "text/plain; charset=utf-8"],
    ["page.html", "application/octet-stream"],
    ["picture.svg", "application/octet-stream"],
    ["noending", "application/octet-stream"],
    ["x.constructor", "application/octet-stream"],
    ["", "application/octet-stream"],
  ])("%p", (name, type) => {
    expect(mediaTypeOf(name)).toBe(type);
  });
});

describe("plainFileName()", () => {
  test.each([
    ["app.cab", "app.cab"],
    ["C:\\Temp\\app.cab", "app.cab"],
    ["../../etc/passwd", "passwd"],
    ["..", "download"],
    ["a/", "download"],
    ["", "download"],
    ["a\r\nSet-Cookie: x\u0000.cab", "aSet-Cookie: x.cab"],
    ["invoice\u202ecod.exe", "invoicecod.exe"],
    ["  Kasse Größe 名.cab ", "Kasse Größe 名.cab"],
    ["half\ud800.cab", "half\ufffd.cab"],
  ])("%p", (text, name) => {
    expect(plainFileName(text)).toBe(name);
  });

  test("cuts a long name at 200 characters and keeps its ending", () => {
    expect(plainFileName(`${"a".repeat(196)}.cab`)).toBe(`${"a".repeat(196)}.cab`);
    expect(plainFileName(`${"a".repeat(197)}.cab`)).toBe(`${"a".repeat(196)}.cab`);
    expect([...plainFileName("名".repeat(300))]).toHaveLength(200);
  });
});

describe("contentDisposition()", () => {
  test.each([
    ["app.cab", 'attachment; filename="app.cab"'],
    ["my app.cab", 'attachment; filename="my app.cab"'],
    ['a"b.cab', "attachment; filename=\"a_b.cab\"; filename*=UTF-8''a%22b.cab"],
    ["50%.cab", "attachment; filename=\"50_.cab\"; filename*=UTF-8''50%25.cab"],
    ["Größe.cab", "attachment; filename=\"Gr__e.cab\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.cab"],
    [
      "名(1)'*.apk",
      "attachment; filename=\"_(1)'*.apk\"; filename*=UTF-8''%E5%90%8D%281%29%27%2A.apk",
    ],
  ])("%p", (name, header) => {
    expect(contentDisposition(name)).toBe(header);
  });

  const seed = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
  test(`any text gives a header that HTTP can carry (TEST_SEED=${seed})`, () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const header = contentDisposition(name);
        expect(header).toMatch(
          /^attachment; filename="[\x20\x21\x23-\x5b\x5d-\x7e]+"(; filename\*=UTF-8''[A-Za-z0-9.!~_%-]+)?$/,
        );
        expect(new Headers({ "content-disposition": header }).get("content-disposition")).toBe(
          header,
        );
      }),
      { seed },
    );
  });
});

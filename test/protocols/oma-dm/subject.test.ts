import { describe, expect, test } from "bun:test";
import { canonicalSubject } from "../../../protocols/oma-dm/subject.ts";

describe("canonicalSubject()", () => {
  test("is one text for all the ways in which proxies write it", () => {
    const written = [
      "CN=Device-42,O=Contoso",
      "O=Contoso, CN=Device-42",
      "cn=Device-42,o=Contoso",
      " CN = Device-42 + O = Contoso ",
    ];
    expect(new Set(written.map(canonicalSubject))).toEqual(new Set(["CN=Device-42,O=Contoso"]));
  });

  test("keeps values letter for letter, separators inside them too", () => {
    expect(canonicalSubject("CN=device-42")).not.toBe(canonicalSubject("CN=Device-42"));
    expect(canonicalSubject(String.raw`CN=a\,b,O="c,d"`)).toBe(String.raw`CN=a\,b,O="c,d"`);
    expect(canonicalSubject("CN=a,O=b")).not.toBe(canonicalSubject(String.raw`CN=a\,O=b`));
  });

  test.each(["", "  ", "Device-42", "CN=", "=x", "CN=a,b"])("%p names nothing", (text) => {
    expect(canonicalSubject(text)).toBeUndefined();
  });
});

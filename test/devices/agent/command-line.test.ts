import { describe, expect, test } from "bun:test";
import { argumentsIn, splitCommand } from "../../../devices/agent/command-line.ts";
import { isNameAlone, readDevicePath } from "../../../devices/agent/device-path.ts";
import { wildcard } from "../../../devices/install/wildcards.ts";

const RUN = "\\Program Files\\My App\\run.exe";
const among =
  (...programs: readonly string[]) =>
  async (text: string) =>
    programs.includes(text);

describe("command lines", () => {
  test("S-17: a path with blanks needs no quotes, and quoted arguments are one each", async () => {
    expect(await splitCommand(`${RUN} /q "a b"`, "windows", among(RUN))).toEqual({
      program: RUN,
      args: ["/q", "a b"],
    });
  });

  test("of several beginnings that are programs the longest is taken", async () => {
    const programs = among("\\a\\run", "\\a\\run me now");
    expect(await splitCommand("\\a\\run me now please", "windows", programs)).toEqual({
      program: "\\a\\run me now",
      args: ["please"],
    });
  });

  test("what is no program anywhere ends at the first blank", async () => {
    expect(await splitCommand("nothing here at all", "windows", among())).toEqual({
      program: "nothing",
      args: ["here", "at", "all"],
    });
    expect(await splitCommand("alone", "windows", among())).toEqual({ program: "alone", args: [] });
  });

  test("a path in quotes is the program, and a quote that is missing is a problem", async () => {
    expect(await splitCommand(`"${RUN}" /q`, "windows", among())).toEqual({
      program: RUN,
      args: ["/q"],
    });
    expect(await splitCommand(`"${RUN}`, "windows", among())).toHaveProperty("problem");
    expect(await splitCommand("  ", "windows", among())).toHaveProperty("problem");
  });

  test.each([
    ["a  b\tc", ["a", "b", "c"]],
    ['--name="a b" c', ["--name=a b", "c"]],
    ['""', [""]],
    ['say \\"hi\\"', ["say", '"hi"']],
    ['"say \\"hi\\" now"', ['say "hi" now']],
    ['"C:\\folder\\"', ["C:\\folder\\"]],
    ["C:\\a\\b", ["C:\\a\\b"]],
    ["don't stop", ["don't", "stop"]],
  ])("%p has the arguments %p", (text, expected) => {
    expect(argumentsIn(text, "windows")).toEqual(expected);
    expect(argumentsIn(text, "posix")).toEqual(expected);
  });

  test("single quotes hold a text together on POSIX systems only", () => {
    expect(argumentsIn("-c 'echo \"a b\"' d", "posix")).toEqual(["-c", 'echo "a b"', "d"]);
    expect(argumentsIn("-c 'a b'", "windows")).toEqual(["-c", "'a", "b'"]);
  });
});

describe("wildcards of Windows (Q25)", () => {
  test.each([
    ["*.*", "calc", true],
    ["*.*", "a.b.c", true],
    ["*", "anything.exe", true],
    ["c*.*", "cmd.exe", true],
    ["c*.*", "calc", true],
    ["c*.*", "explorer.exe", false],
    ["C*.EXE", "cmd.exe", true],
    ["?.txt", "a.txt", true],
    ["?.txt", "ab.txt", false],
    ["a*b*c", "aXbYbZc", true],
    ["a*b*c", "aXbYbZ", false],
    ["*.txt", "calc", false],
    ["a.*", "a", true],
    ["a.*", "ab", false],
    ["", "a", false],
    ["[a]", "[a]", true],
  ])("%p and %p: %p", (pattern, name, expected) => {
    expect(wildcard(pattern)(name)).toBe(expected);
  });

  test("a pattern of many stars takes no long time", () => {
    expect(wildcard(`${"*a".repeat(200)}b`)("a".repeat(2_000))).toBe(false);
  });
});

describe("device paths", () => {
  test.each([
    ["\\A\\B c\\d.txt", { drive: null, parts: ["A", "B c", "d.txt"] }],
    ["/opt//x/./y", { drive: null, parts: ["opt", "x", "y"] }],
    ["c:\\a\\..\\b", { drive: "C", parts: ["b"] }],
    ["\\", { drive: null, parts: [] }],
  ])("%p", (text, expected) => {
    expect(readDevicePath(text)).toEqual(expected);
  });

  test.each(["\\..\\a", "a\\..\\..\\b", "", "a\0b"])("%p is refused", (text) => {
    expect(readDevicePath(text)).toHaveProperty("problem");
  });

  test.each([
    ["b.txt", true],
    ["\\a\\b.txt", false],
    ["..", false],
    ["c:b", false],
    ["", false],
  ] as const)("%p alone is a name: %p", (text, expected) => {
    expect(isNameAlone(text)).toBe(expected);
  });
});

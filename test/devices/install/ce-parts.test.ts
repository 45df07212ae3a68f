import { describe, expect, test } from "bun:test";
import { ceParts } from "../../../devices/install/ce-parts.ts";
import type { DeviceId, PackageId } from "../../../devices/model/ids.ts";
import type { Action } from "../../../devices/model/install-action.ts";

const ANY = { cpu: null, osMajor: null, osPlatform: null };
const settings = { critical: "continue only on success", targeting: ANY } as const;
const device = {
  id: "0".repeat(32) as DeviceId,
  name: "till-7",
  cpu: "ARM",
  osMajor: 5,
  osVersion: "5.2.1235",
  osPlatform: "WinCE",
};
const download = (target = "\\Temp\\app.cab"): Action => ({
  kind: "Download",
  source: "app.cab",
  target,
  ...settings,
});
const install = (command: string | null = null, file = "\\Temp\\app.cab"): Action => ({
  kind: "Install",
  file,
  command,
  ...settings,
});

function read(actions: readonly Action[], who: Partial<typeof device> = {}) {
  return ceParts(actions, { ...device, ...who }, { version: "2.0" }, { id: "app" as PackageId });
}

function scriptOf(...actions: readonly Action[]): readonly string[] {
  const reading = read(actions);
  if (!("parts" in reading)) return [reading.problem];
  const [part] = reading.parts;
  if (part?.kind !== "script") return ["no script"];
  const wrapping = /^(;|onerror|:|quit|abort|goto)/;
  return part.text.split("\r\n").filter((line) => line !== "" && !wrapping.test(line));
}

describe("ceParts()", () => {
  test("a file and its install are one part, with the usual command for its kind", () => {
    expect(read([download(), install()])).toEqual({
      parts: [
        {
          kind: "file",
          source: "app.cab",
          folder: "\\Temp",
          name: "app.cab",
          command: 'wceload.exe "\\Temp\\app.cab"',
          critical: "continue only on success",
        },
      ],
    });
  });

  test("fills in tokens, and %1, and a target without a folder", () => {
    expect(
      read([download("%PROGRAMFILES%\\%PACKAGE%\\a.cab"), install("x.exe %1 %VERSION%", "a.cab")]),
    ).toMatchObject({
      parts: [
        {
          folder: "\\Program Files\\app",
          name: "a.cab",
          command: "x.exe \\Program Files\\app\\a.cab 2.0",
        },
      ],
    });
    expect(read([download("a.cab")])).toMatchObject({ parts: [{ folder: "\\Temp", command: "" }] });
    expect(read([download("\\a.cab")])).toMatchObject({ parts: [{ folder: "\\", name: "a.cab" }] });
  });

  test("what comes before and after a download are parts of their own", () => {
    const reading = read([
      { kind: "CreateFolder", path: "\\App", ...settings },
      download(),
      install(),
      { kind: "WarmBoot", ...settings },
      download("\\Temp\\b.cab"),
      install(null, "\\Temp\\b.cab"),
    ]);
    if (!("parts" in reading)) throw new Error(reading.problem);
    expect(reading.parts.map(({ kind }) => kind)).toEqual(["script", "file", "file", "script"]);
    const texts = reading.parts.map((part) => (part.kind === "script" ? part.text : ""));
    // The restart is the package's last step, wherever it stands.
    expect(texts.map((text) => text.includes("reboot"))).toEqual([false, false, false, true]);
  });

  test("says each action in the language of the script engine", () => {
    expect(
      scriptOf(
        { kind: "Run", command: "\\App\\a b.exe /x", timeout: -1, ...settings },
        { kind: "Run", command: "b.exe", timeout: 0, ...settings },
        { kind: "CopyFiles", source: "\\a\\b.txt", target: "\\c d\\", ...settings },
        { kind: "MoveFiles", source: "\\a\\b.txt", target: "\\c", ...settings },
        { kind: "DeleteFiles", path: "/x/y.txt", ...settings },
        { kind: "RenameFile", source: "\\a\\b.txt", target: "c.txt", ...settings },
        { kind: "CreateFolder", path: "\\n", ...settings },
        { kind: "RemoveFolder", path: "\\n", ...settings },
        { kind: "RenameFolder", source: "\\n", target: "m", ...settings },
        { kind: "Uninstall", name: "Old App", ...settings },
        install(null, "\\Windows\\x.cab"),
      ),
    ).toEqual([
      "run \\App\\a b.exe /x",
      "runasync \\Windows\\b.exe",
      'copy \\a\\b.txt "\\c d\\b.txt"',
      "copy \\a\\b.txt \\c\\b.txt",
      "delete \\a\\b.txt",
      "delete \\x\\y.txt",
      "rename \\a\\b.txt \\a\\c.txt",
      "mkdir \\n",
      "delete \\n",
      "rename \\n \\m",
      'run \\Windows\\unload.exe "Old App"',
      'run \\Windows\\wceload.exe "\\Windows\\x.cab"',
    ]);
  });

  const guard = { ...settings, critical: "continue only on error" } as const;
  test.each([
    ["ends a program", [{ kind: "Terminate", modules: "a.exe", ...settings }]],
    ["waits until", [{ kind: "Run", command: "a.exe", timeout: 10, ...settings }]],
    ["no wildcards", [{ kind: "CopyFiles", source: "\\a\\*.txt", target: "\\b", ...settings }]],
    ["no wildcards", [{ kind: "DeleteFiles", path: "\\a\\?.txt", ...settings }]],
    ["no usual way", [download("\\Temp\\a.msi"), install(null, "\\Temp\\a.msi")]],
    ["no token", [{ kind: "CreateFolder", path: "\\%NOTHING%", ...settings }]],
    ["after the last Download", [{ kind: "DeleteFiles", path: "\\a", ...guard }, download()]],
    ["no step", []],
    ["no step", [{ ...download(), targeting: { ...ANY, cpu: "MIPS" } }]],
  ] as readonly (readonly [string, readonly Action[]])[])(
    "says in words what cannot be done: %s",
    (words, actions) => {
      const reading = read(actions);
      expect("problem" in reading ? reading.problem : "").toContain(words);
    },
  );

  test("a fact that is not known yet is a problem where a token needs it, and none for targeting", () => {
    const path: Action = { kind: "CreateFolder", path: "\\%CPU%", ...settings };
    const blank = { cpu: null as unknown as string };
    expect(read([path], blank)).toMatchObject({ problem: expect.stringContaining("CPU") });
    expect(read([{ ...download(), targeting: { ...ANY, cpu: "MIPS" } }], blank)).toMatchObject({
      parts: [{ kind: "file" }],
    });
  });
});

import { describe, expect, test } from "bun:test";
import { filePlaces, vanishingOf } from "../../../devices/install/file-places.ts";
import { hasWildcard, wildcard } from "../../../devices/install/wildcards.ts";
import { type Action, CRITICAL_DEFAULT } from "../../../devices/model/install-action.ts";
import type { Targeting } from "../../../devices/model/package.ts";

const ANY: Targeting = { cpu: null, osMajor: null, osPlatform: null };
const ARM = { ...ANY, cpu: "ARM" };
const X86 = { ...ANY, cpu: "x86" };
type Loose<One> = One extends Action
  ? Omit<One, "critical" | "targeting"> & { readonly targeting?: Targeting }
  : never;
type Given = Loose<Action>;

function steps(...given: readonly Given[]): readonly Action[] {
  return given.map((one): Action => ({ critical: CRITICAL_DEFAULT, targeting: ANY, ...one }));
}

const download = (file: string, target: string, targeting = ANY) =>
  ({ kind: "Download", source: file, target, targeting }) as const;

describe("where files are in the end", () => {
  const endOf = (...rest: readonly Given[]) =>
    filePlaces(steps(download("a.txt", "\\Temp\\A.txt"), ...rest)).map(({ path }) => path);

  test.each<[string, Given, string | null]>([
    [
      "a program may do what it likes",
      { kind: "Run", command: "\\Temp\\A.txt", timeout: -1 },
      "\\Temp\\A.txt",
    ],
    [
      "copied: the copy counts",
      { kind: "CopyFiles", source: "\\temp\\*.txt", target: "\\App" },
      "\\App\\A.txt",
    ],
    [
      "not among what is copied",
      { kind: "CopyFiles", source: "\\*.txt", target: "\\App" },
      "\\Temp\\A.txt",
    ],
    ["moved", { kind: "MoveFiles", source: "/temp/a.*", target: "\\App\\" }, "\\App\\A.txt"],
    ["deleted", { kind: "DeleteFiles", path: "\\TEMP\\*.*" }, null],
    ["renamed", { kind: "RenameFile", source: "\\Temp\\a.txt", target: "b.txt" }, "\\Temp\\b.txt"],
    [
      "its folder renamed",
      { kind: "RenameFolder", source: "\\temp", target: "New" },
      "\\New\\A.txt",
    ],
    [
      "another folder renamed",
      { kind: "RenameFolder", source: "\\tem", target: "New" },
      "\\Temp\\A.txt",
    ],
    ["its folder removed", { kind: "RemoveFolder", path: "\\Temp\\" }, null],
  ])("%s", (_, step, path) => {
    expect(endOf(step)).toEqual([path]);
  });

  test("copied, and the first one deleted", () => {
    const copy = { kind: "CopyFiles", source: "\\Temp\\*", target: "\\App" } as const;
    expect(endOf(copy, { kind: "DeleteFiles", path: "\\Temp\\*" })).toEqual(["\\App\\A.txt"]);
    expect(endOf(copy, { kind: "DeleteFiles", path: "\\App\\*" })).toEqual(["\\Temp\\A.txt"]);
  });

  test("a CAB is gone when wceload had it, unless it is told to leave it [Q19]", () => {
    const end = (file: string, command: string | null) =>
      filePlaces(
        steps(download(file, `\\T\\${file}`), { kind: "Install", file: `\\t\\${file}`, command }),
      )[0]?.path;
    expect(end("a.cab", null)).toBeNull();
    expect(end("a.cab", 'wceload /silent "%1"')).toBeNull();
    expect(end("a.cab", 'wceload.exe /delete 0 "%1"')).toBe("\\T\\a.cab");
    expect(end("a.msi", null)).toBe("\\T\\a.msi");
  });

  test("each kind of device has its own place; steps for others do not touch it [S-20]", () => {
    const places = filePlaces(
      steps(download("a.dll", "\\W\\arm.dll", ARM), download("a.dll", "\\W\\x86.dll", X86), {
        kind: "DeleteFiles",
        path: "\\W\\*",
        targeting: { ...ANY, cpu: "X86" },
      }),
    );
    expect(places).toEqual([
      { file: "a.dll", path: "\\W\\arm.dll", targeting: ARM },
      { file: "a.dll", path: null, targeting: X86 },
    ]);
  });

  test("on Linux too", () => {
    expect(
      filePlaces(
        steps(download("a", "/tmp/a"), { kind: "MoveFiles", source: "/tmp/*", target: "/opt/app" }),
      ),
    ).toEqual([{ file: "a", path: "/opt/app/a", targeting: ANY }]);
  });
});

describe("a path at which nothing is in the end", () => {
  const CAB = "\\Storage Card\\a.cab";
  const install = { kind: "Install", file: CAB.toUpperCase(), command: null } as const;

  test("is named with the step that empties it", () => {
    const vanishing = (...given: readonly Given[]) =>
      vanishingOf(CAB, ANY, { actions: steps(...given) });
    expect(vanishing(install)).toEqual({ step: 1, kind: "Install" });
    expect(vanishing(download("a.cab", CAB), install)).toEqual({ step: 2, kind: "Install" });
    expect(vanishing(install, download("a.cab", CAB))).toBeUndefined();
    expect(vanishing(download("a.cab", CAB))).toBeUndefined();
    expect(
      vanishing({ kind: "MoveFiles", source: "\\Storage Card\\*.cab", target: "\\x" }),
    ).toEqual({
      step: 1,
      kind: "MoveFiles",
    });
    expect(
      vanishing(install, { kind: "CopyFiles", source: "\\y\\*", target: "\\storage card" }),
    ).toBeUndefined();
  });

  test("counts for the devices that the step is for", () => {
    const actions = steps({ ...install, targeting: ARM });
    expect(vanishingOf(CAB, X86, { actions })).toBeUndefined();
    expect(vanishingOf(CAB, ARM, { actions })).toBeDefined();
  });
});

describe("wildcards", () => {
  test.each([
    ["*", "anything", true],
    ["*.*", "calc", true],
    ["c*.*", "calc", true],
    ["c*.*", "CMD.EXE", true],
    ["c*.*", "explorer.exe", false],
    ["*.txt", "a.txt", true],
    ["*.txt", "a.txt.bak", false],
    ["?.txt", "a.TXT", true],
    ["?.txt", ".txt", false],
    ["a*b*c", "aXXbYYbZc", true],
    ["a*b*c", "aXXbYY", false],
    ["a.*", "a", true],
    ["a.*", "ab", false],
    ["[a]+", "[A]+", true],
    ["[a]+", "a", false],
    ["", "", true],
    ["", "a", false],
  ])("%s and %s: %p", (pattern, name, is) => {
    expect(wildcard(pattern)(name)).toBe(is);
  });

  test("a hard pattern takes no longer than it has to", () => {
    expect(wildcard("*a".repeat(200))(`${"a".repeat(900)}b`)).toBe(false);
    expect([hasWildcard("a?"), hasWildcard("*"), hasWildcard("a.b")]).toEqual([true, true, false]);
  });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DeviceRoot } from "../../../devices/agent/device-root.ts";
import {
  type FileStep,
  type FileTask,
  performFiles,
  prepareFiles,
} from "../../../devices/agent/file-actions.ts";
import { linuxMachine } from "../../../devices/agent/linux-machine.ts";
import { lookAt } from "../../../devices/agent/look.ts";
import { HASTY_CLOCK } from "../../harness/agent-at-site.ts";

let outside: string;
let folder: string;
let root: DeviceRoot;

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), "outpost-agent-"));
  folder = join(outside, "device");
  mkdirSync(folder);
  root = new DeviceRoot(folder);
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

/** Files by their path and content; a path that ends in `/` is a folder. */
function tree(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const place = join(folder, path);
    mkdirSync(path.endsWith("/") ? place : dirname(place), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(place, text);
  }
}

function seen(): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const place = join(folder, name);
    const isFolder = statSync(place).isDirectory();
    if (!isFolder) found[name] = readFileSync(place, "utf8");
    else if (readdirSync(place).length === 0) found[`${name}/`] = "";
  }
  return found;
}

/** A step as a package has it, but for what all steps have. */
type Plain<Step> = Step extends FileStep ? Omit<Step, "index" | "critical"> : never;
type Written = Plain<FileStep>;
const prepare = (step: Written): Promise<FileTask> =>
  prepareFiles({ ...step, index: 0, critical: "continue" } as FileStep, root);
const run = async (step: Written) => performFiles(await prepare(step));
const copy = (source: string, target: string): Written => ({ kind: "CopyFiles", source, target });
const move = (source: string, target: string): Written => ({ kind: "MoveFiles", source, target });

describe("Copy Files", () => {
  test("copies what fits into a folder that is there, over what is there", async () => {
    tree({
      "a/one.txt": "1",
      "a/two.TXT": "2",
      "a/noext": "3",
      "b/one.txt": "old",
      "a/sub/x.txt": "x",
    });
    await run(copy("\\A\\*.txt", "\\B"));
    expect(seen()).toEqual({
      "a/noext": "3",
      "a/one.txt": "1",
      "a/sub/x.txt": "x",
      "a/two.TXT": "2",
      "b/one.txt": "1",
      "b/two.TXT": "2",
    });
    await run(copy("\\a\\*.*", "\\b"));
    expect(readFileSync(join(folder, "b/noext"), "utf8")).toBe("3");
  });

  test("blanks in paths are as good as any other character, and ? is exactly one", async () => {
    tree({ "my files/a b1.txt": "1", "my files/a b12.txt": "2", "the other one/": "" });
    await run(copy("\\My Files\\a b?.txt", "\\The Other One\\"));
    expect(readdirSync(join(folder, "the other one"))).toEqual(["a b1.txt"]);
  });

  test("a file whose name differs in letter case only is the same file", async () => {
    tree({ "a/ONE.txt": "new", "b/one.txt": "old" });
    await run(copy("\\a\\one.TXT", "\\b\\"));
    expect(seen()).toEqual({ "a/ONE.txt": "new", "b/one.txt": "new" });
  });

  test.each([
    ["\\a\\none.txt", "\\b", "not there"],
    ["\\a\\*.bin", "\\b", "no file fits"],
    ["\\a\\*", "\\c", "no folder"],
    ["\\a\\*", "\\b\\one.txt", "no folder"],
    ["\\a\\*", "\\a", "same folder"],
    ["\\*\\one.txt", "\\b", "wildcards are for names"],
    ["\\a", "\\b", "is a folder"],
    ["\\..\\x", "\\b", "leads out"],
  ])("%s to %s fails: %s", async (source, target, reason) => {
    tree({ "a/one.txt": "1", "b/one.txt": "old" });
    const before = seen();
    await expect(run(copy(source, target))).rejects.toThrow(reason);
    expect(seen()).toEqual(before);
  });

  test("a copy that cannot be made leaves the target as it was, and nothing half done", async () => {
    tree({ "a/one.txt": "1", "b/one.txt": "old" });
    const task = await prepare(copy("\\a\\*", "\\b"));
    rmSync(join(folder, "a/one.txt"));
    await expect(performFiles(task)).rejects.toThrow();
    expect(seen()).toEqual({ "a/": "", "b/one.txt": "old" });
  });
});

describe("Move Files", () => {
  test("the files are at the target and not at the source any more", async () => {
    tree({ "a/one.txt": "1", "a/keep.bin": "k", "b/": "" });
    await run(move("\\a\\*.txt", "\\b"));
    expect(seen()).toEqual({ "a/keep.bin": "k", "b/one.txt": "1" });
  });

  test("a file that is there already gives way, whatever its letter case", async () => {
    tree({ "a/one.txt": "new", "b/ONE.TXT": "old", "b/two.txt": "2" });
    await run(move("\\a\\*.*", "\\b"));
    expect(seen()).toEqual({ "a/": "", "b/ONE.TXT": "new", "b/two.txt": "2" });
  });

  test.each([
    ["\\a\\none.txt", "\\b", "not there"],
    ["\\a\\*.bin", "\\b", "no file fits"],
    ["\\a\\*", "\\c", "no folder"],
    ["\\a\\*", "\\b\\one.txt", "no folder"],
    ["\\a\\one.txt", "\\A", "same folder"],
    ["\\a", "\\b", "is a folder"],
    ["\\a\\one.txt", "\\d", "is a folder in"],
    ["\\..\\x", "\\b", "leads out"],
  ])("%s to %s fails, and all is where it was: %s", async (source, target, reason) => {
    tree({ "a/one.txt": "1", "b/one.txt": "old", "d/one.txt/x": "x" });
    const before = seen();
    await expect(run(move(source, target))).rejects.toThrow(reason);
    expect(seen()).toEqual(before);
  });

  test("one that was interrupted goes on where it was, wherever that is", async () => {
    for (let done = 0; done <= 3; done++) {
      rmSync(folder, { recursive: true });
      tree({ "a/1": "1", "a/2": "2", "a/3": "3", "b/": "" });
      const task = await prepare(move("\\a\\*", "\\b"));
      await performFiles({ ...task, items: task.items.slice(0, done) });
      await performFiles(task);
      expect(seen()).toEqual({ "a/": "", "b/1": "1", "b/2": "2", "b/3": "3" });
    }
  });

  test("what cannot be moved stays at its source", async () => {
    tree({ "a/1": "1", "b/": "" });
    const task = await prepare(move("\\a\\*", "\\b"));
    rmSync(join(folder, "b"), { recursive: true });
    await expect(performFiles(task)).rejects.toThrow();
    expect(seen()).toEqual({ "a/1": "1" });
    await expect(run(move("\\a\\9", "\\a"))).rejects.toThrow("not there");
  });
});

describe("Delete Files", () => {
  test("deletes what fits, no folders, and done again it is done", async () => {
    tree({ "a/one.txt": "1", "a/two.bin": "2", "a/sub.txt/x": "x" });
    const task = await prepare({ kind: "DeleteFiles", path: "\\a\\*.txt" });
    await performFiles(task);
    await performFiles(task);
    expect(seen()).toEqual({ "a/sub.txt/x": "x", "a/two.bin": "2" });
    await expect(run({ kind: "DeleteFiles", path: "\\a\\one.txt" })).rejects.toThrow("not there");
  });
});

describe("Delete Files fails", () => {
  test.each([
    ["\\a\\none.txt", "not there"],
    ["\\a\\*.bin", "no file fits"],
    ["\\none\\*", "no file fits"],
    ["\\a", "is a folder"],
    ["\\*\\one.txt", "wildcards are for names"],
    ["\\..\\*", "leads out"],
  ])("for %s, and nothing is gone: %s", async (path, reason) => {
    tree({ "a/one.txt": "1", "a/sub/x": "x" });
    const before = seen();
    await expect(run({ kind: "DeleteFiles", path })).rejects.toThrow(reason);
    expect(seen()).toEqual(before);
  });
});

describe("Rename", () => {
  test("a file gets its new name in its folder, and done again it is done", async () => {
    tree({ "a/One.txt": "1" });
    const task = await prepare({ kind: "RenameFile", source: "\\a\\one.txt", target: "b.txt" });
    await performFiles(task);
    await performFiles(task);
    expect(seen()).toEqual({ "a/b.txt": "1" });
    await run({ kind: "RenameFile", source: "\\a\\b.txt", target: "B.TXT" });
    expect(seen()).toEqual({ "a/B.TXT": "1" });
  });

  test("a folder too, with all that is in it", async () => {
    tree({ "a/old/x": "x" });
    await run({ kind: "RenameFolder", source: "\\a\\old", target: "new" });
    expect(seen()).toEqual({ "a/new/x": "x" });
  });

  test.each([
    ["RenameFile", "\\a\\one.txt", "TWO.txt", "already"],
    ["RenameFile", "\\a\\one.txt", "\\a\\c.txt", "no name alone"],
    ["RenameFile", "\\a\\none", "c", "not there"],
    ["RenameFile", "\\a", "c", "is a folder"],
    ["RenameFile", "\\a\\one.txt", "one.txt", "this name already"],
    ["RenameFolder", "\\a\\one.txt", "c", "is a file"],
    ["RenameFolder", "\\a", "B", "already"],
    ["RenameFolder", "\\", "c", "root"],
  ] as const)("%s %s to %s fails: %s", async (kind, source, target, reason) => {
    tree({ "a/one.txt": "1", "a/two.txt": "2", "b/": "" });
    const before = seen();
    await expect(run({ kind, source, target })).rejects.toThrow(reason);
    expect(seen()).toEqual(before);
  });
});

describe("Folders", () => {
  test("one is made with those above it; one that is there is as well (Q26)", async () => {
    await run({ kind: "CreateFolder", path: "\\Program Files\\App" });
    await run({ kind: "CreateFolder", path: "\\program files\\APP" });
    expect(seen()).toEqual({ "Program Files/App/": "" });
    tree({ file: "f" });
    await expect(run({ kind: "CreateFolder", path: "\\file" })).rejects.toThrow("is a file");
  });

  test("one is removed with all that is in it, and done again it is done (A-086)", async () => {
    tree({ "a/b/c": "c", "a/d": "d", keep: "k" });
    const task = await prepare({ kind: "RemoveFolder", path: "\\A" });
    await performFiles(task);
    await performFiles(task);
    expect(seen()).toEqual({ keep: "k" });
  });

  test.each([
    ["\\none", "not there"],
    ["\\keep", "no folder"],
    ["\\", "never removed"],
    ["\\a\\..", "never removed"],
    ["\\a\\..\\..", "leads out"],
  ])("removing %s fails: %s", async (path, reason) => {
    tree({ "a/b": "b", keep: "k" });
    await expect(run({ kind: "RemoveFolder", path })).rejects.toThrow(reason);
    expect(seen()).toEqual({ "a/b": "b", keep: "k" });
  });
});

describe("nothing leads out of the device", () => {
  beforeEach(() => {
    mkdirSync(join(outside, "else"));
    writeFileSync(join(outside, "else", "secret"), "s");
    tree({ "a/one": "1", "b/": "" });
    symlinkSync(join(outside, "else"), join(folder, "way"));
    symlinkSync(join(outside, "else", "secret"), join(folder, "a", "link"));
    symlinkSync(join(folder, "b"), join(folder, "inside"));
  });

  test.each<[string, Written]>([
    ["copying from there", copy("\\way\\*", "\\b")],
    ["copying a link", copy("\\a\\link", "\\b")],
    ["copying a link that fits", copy("\\a\\*", "\\b")],
    ["copying to there", copy("\\a\\one", "\\way")],
    ["moving from there", move("\\way\\secret", "\\b")],
    ["deleting there", { kind: "DeleteFiles", path: "\\way\\secret" }],
    ["making a folder there", { kind: "CreateFolder", path: "\\way\\new\\er" }],
    ["renaming there", { kind: "RenameFile", source: "\\way\\secret", target: "x" }],
  ])("%s fails", async (_, step) => {
    await expect(run(step)).rejects.toThrow("leads out of the device");
    expect(readdirSync(join(outside, "else"))).toEqual(["secret"]);
    expect(readdirSync(join(folder, "b"))).toEqual([]);
  });

  test("a link is deleted itself, and one inside may be used", async () => {
    await run({ kind: "DeleteFiles", path: "\\a\\link" });
    expect(existsSync(join(outside, "else", "secret"))).toBe(true);
    expect(existsSync(join(folder, "a", "link"))).toBe(false);
    await run(copy("\\a\\one", "\\inside"));
    expect(readdirSync(join(folder, "b"))).toEqual(["one"]);
    await expect(run({ kind: "RemoveFolder", path: "\\way" })).rejects.toThrow("no folder");
  });
});

describe("not everything that is in a folder is a file", () => {
  beforeEach(() => {
    tree({ "a/one": "1", "a/two/": "", "b/": "" });
    symlinkSync(join(folder, "b"), join(folder, "a", "to-folder"));
    symlinkSync(join(folder, "none"), join(folder, "a", "to-nothing"));
    expect(Bun.spawnSync(["mkfifo", join(folder, "a", "pipe")]).exitCode).toBe(0);
  });

  test("what has no content is passed over by a wildcard, and no copy waits for it", async () => {
    await run(copy("\\a\\*", "\\b"));
    expect(readdirSync(join(folder, "b"))).toEqual(["one"]);
    await expect(run(copy("\\a\\pipe", "\\b"))).rejects.toThrow("no content");
    await expect(run(copy("\\a\\pi*", "\\b"))).rejects.toThrow("no file fits");
  });

  test("a wildcard deletes all but folders, and links to folders are some", async () => {
    await run({ kind: "DeleteFiles", path: "\\a\\*.*" });
    expect(readdirSync(join(folder, "a")).sort()).toEqual(["to-folder", "two"]);
  });

  test("a metric finds no file there", async () => {
    const look = lookAt(root, linuxMachine(HASTY_CLOCK));
    for (const name of ["pipe", "to-folder", "to-nothing", "two"]) {
      const file = `\\a\\${name}`;
      expect([await look.hash(file), await look.size(file)]).toEqual([undefined, undefined]);
    }
    expect(await look.size("\\a\\one")).toBe(1);
  });
});

test("a name may be as long as the file system takes", async () => {
  const name = "n".repeat(255);
  tree({ [`a/${name}`]: "long", "b/": "" });
  await run(copy("\\a\\*", "\\b"));
  expect(seen()[`b/${name}`]).toBe("long");
});

test("the agent's own folder is no package's", async () => {
  tree({ "var/agent/state.json": "{}", "x/one": "1" });
  root = new DeviceRoot(folder, join(folder, "var", "agent"));
  symlinkSync(join(folder, "var", "agent"), join(folder, "way"));
  const refused: readonly Written[] = [
    { kind: "RemoveFolder", path: "\\var\\agent" },
    { kind: "RemoveFolder", path: "\\var" },
    { kind: "RenameFolder", source: "\\var", target: "war" },
    { kind: "DeleteFiles", path: "\\way\\*" },
    copy("\\x\\one", "\\var\\agent"),
    copy("\\var\\agent\\*", "\\x"),
    { kind: "CreateFolder", path: "\\VAR\\Agent\\new" },
  ];
  for (const step of refused) await expect(run(step)).rejects.toThrow("agent's own");
  await run({ kind: "RemoveFolder", path: "\\x" });
  expect(Object.keys(seen())).toContain("var/agent/state.json");
});

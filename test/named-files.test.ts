/** Documents name files of ours: what was moved or removed must not live on in them. */
import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";

/** It tells what was, and names what operators have. */
const HISTORY = "CHANGELOG.md";
const NAMED = /`([\w.*-]+(?:\/[\w.*-]+)*\/?)`/g;
const FILE = /\.(?:tsx?|mjs|md|json|sql)$/;
const NOT_OURS = new Set(["node_modules", ".git", "data", "dist", "screenshots"]);
/** Words that look like files: of people, and of the kinds of names that tests have. */
const NO_FILES = /^(?:x\.|\*\.(?:slow|long)\.)/;

const files = await ourFiles();
const folders = new Set(files.flatMap(foldersOf));
const roots = new Set([...folders].filter((folder) => !folder.includes("/")));

test("every file and folder that a document names is there", async () => {
  const documents = files.filter((path) => path.endsWith(".md") && path !== HISTORY);
  expect(documents.length).toBeGreaterThan(40);
  const missing: string[] = [];
  for (const path of documents) {
    const names = namesIn(await Bun.file(path).text());
    missing.push(...names.filter((name) => !isThere(path, name)).map((name) => `${path}: ${name}`));
  }
  expect(missing).toEqual([]);
});

test("what is not there would be found", () => {
  const text =
    "`gone.ts`, `gateway/gone/`, `sync/gone.ts` and `README.md`, but not `npm`, `a/b` or `x.test.ts`";
  expect(namesIn(text).filter((name) => !isThere("sync/README.md", name))).toEqual([
    "gone.ts",
    "gateway/gone/",
    "sync/gone.ts",
  ]);
});

function namesIn(text: string): readonly string[] {
  const names = [...text.replace(/```.*?```/gs, "").matchAll(NAMED)].map(([, name = ""]) => name);
  return names.filter(
    (name) => !NO_FILES.test(name) && (FILE.test(name) || roots.has(name.split("/")[0] ?? "")),
  );
}

/** Named from the root, from the document's folder, or alone: then it is somewhere below that folder. */
function isThere(document: string, name: string): boolean {
  const folder = dirname(document);
  const plain = name.replace(/\/$/, "");
  const below = plain.includes("/") ? [] : [`${folder}/**/${plain}`];
  const places = [plain, normalize(join(folder, plain)), ...below].map((one) => new Bun.Glob(one));
  return places.some((place) => files.some((path) => place.match(path)) || isFolder(place));
}

function isFolder(place: Bun.Glob): boolean {
  return [...folders].some((folder) => place.match(folder));
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, n) => parts.slice(0, n + 1).join("/"));
}

async function ourFiles(): Promise<readonly string[]> {
  const top = (await readdir(".", { withFileTypes: true })).filter(
    ({ name }) => !NOT_OURS.has(name),
  );
  const inside = top
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }) => await Array.fromAsync(new Bun.Glob(`${name}/**`).scan({ dot: true })));
  return [...top.map(({ name }) => name), ...(await Promise.all(inside)).flat()];
}

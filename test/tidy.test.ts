import { describe, expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";

/**
 * Who may import whom; the longest matching prefix decides. A folder may always import itself.
 * This table is the architecture: change ARCHITECTURE.md in the same commit.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocols: [],
  devices: ["protocols"],
  sync: ["devices", "protocols"],
  "gateway/access": ["devices"],
  "gateway/config": ["devices"],
  "gateway/certificates": ["devices"],
  "gateway/notify": ["gateway/config", "devices", "protocols"],
  "gateway/telemetry": ["devices"],
  "gateway/reports": ["devices"],
  "gateway/content": ["devices", "protocols", "gateway/telemetry"],
  "gateway/db": ["gateway/access", "gateway/reports", "gateway/content", "sync", "devices"],
  "gateway/jobs": ["gateway/telemetry", "sync", "devices"],
  "gateway/http": [
    "gateway/access",
    "gateway/certificates",
    "gateway/reports",
    "gateway/content",
    "gateway/telemetry",
    "sync",
    "devices",
    "protocols",
  ],
  "gateway/console": [
    "gateway/access",
    "gateway/reports",
    "gateway/content",
    "gateway/http",
    "gateway/telemetry",
    "sync",
    "devices",
  ],
  "gateway/client": [],
  "gateway/demo": [
    "gateway/client",
    "gateway/config",
    "gateway/telemetry",
    "sync",
    "devices",
    "protocols",
  ],
  "gateway/cli": ["gateway", "sync", "devices", "protocols"],
  gateway: ["sync", "devices", "protocols"], // main.ts and roles/: the only place that wires.
  test: ["gateway", "sync", "devices", "protocols"],
};

const ROOTS = ["protocols", "devices", "sync", "gateway", "test"];
const ENTRY_POINTS = [
  /^gateway\/(main|agent)\.ts$/,
  /^test\//,
  /\.client\.ts$/,
  /\.d\.ts$/,
  /^gateway\/.*\/.*\.worker\.ts$/,
];

interface Source {
  readonly path: string;
  readonly text: string;
}

const sources = await readSources();

describe("tidy", () => {
  test("imports follow the table", () => {
    expect(sources.flatMap(forbiddenImports)).toEqual([]);
  });

  test("a forbidden import would be caught", () => {
    const up = { path: "protocols/a.ts", text: 'import { b } from "../devices/b.ts";' };
    const across = { path: "gateway/http/a.ts", text: 'import type { b } from "../db/b.ts";' };
    const lazy = { path: "devices/a.ts", text: 'const b = await import("../gateway/b.ts");' };
    expect(forbiddenImports(up)).toEqual(["protocols/a.ts imports devices/b.ts"]);
    expect(forbiddenImports(across)).toEqual(["gateway/http/a.ts imports gateway/db/b.ts"]);
    expect(forbiddenImports(lazy)).toEqual(["devices/a.ts imports gateway/b.ts"]);
  });

  test("every source file is imported or is an entry point", () => {
    const imported = new Set(sources.flatMap(importsOf));
    const dead = sources.filter(({ path }) => !imported.has(path) && !isEntryPoint(path));
    expect(dead.map(({ path }) => path)).toEqual([]);
  });

  test("every room has a README", async () => {
    const rooms = new Set(sources.map(({ path }) => roomOf(path)));
    const missing: string[] = [];
    for (const room of rooms) {
      if (!(await Bun.file(`${room}/README.md`).exists())) missing.push(room);
    }
    expect(missing).toEqual([]);
  });
});

function forbiddenImports(source: Source): string[] {
  const own = folderOf(source.path);
  const allowed = [own, ...(MAY_IMPORT[own] ?? [])];
  return importsOf(source)
    .filter((target) => !allowed.some((folder) => target.startsWith(`${folder}/`)))
    .map((target) => `${source.path} imports ${target}`);
}

function folderOf(path: string): string {
  const folders = Object.keys(MAY_IMPORT).filter((folder) => path.startsWith(`${folder}/`));
  return folders.sort((a, b) => b.length - a.length)[0] ?? "";
}

function importsOf(source: Source): string[] {
  if (source.path === "test/tidy.test.ts") return []; // It quotes forbidden imports.
  const matches = source.text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  const targets = [...matches].map((match) =>
    normalize(join(dirname(source.path), match[1] ?? "")),
  );
  return targets.filter((target) => target !== "package.json"); // It is nobody's room.
}

/** `sync/` and `test/` are one room each; elsewhere every folder of the second level is one. */
function roomOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  const isOneRoom = first === "sync" || first === "test" || second.includes(".");
  return isOneRoom ? first : `${first}/${second}`;
}

function isEntryPoint(path: string): boolean {
  return ENTRY_POINTS.some((pattern) => pattern.test(path));
}

async function readSources(): Promise<Source[]> {
  const found: Source[] = [];
  for (const root of ROOTS) {
    for await (const name of new Bun.Glob("**/*.{ts,tsx}").scan(root)) {
      const path = `${root}/${name}`;
      found.push({ path, text: await Bun.file(path).text() });
    }
  }
  return found;
}

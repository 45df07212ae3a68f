/** A headless Chromium for tests of pages: the system's, else the one of an npm package. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const INSTALL_COMMAND = "apt-get update && apt-get install -y chromium";
const SYSTEM_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** Nothing of the browser's own may reach for the network, and nothing asks a person. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser;
}

export type FoundBrowser =
  | { readonly open: () => Promise<TestBrowser> }
  /** What is missing here, with the command that would bring it. */
  | { readonly missing: string };

/** Looks for a browser without starting it, so that tests can be skipped with a reason. */
export async function findBrowser(): Promise<FoundBrowser> {
  for (const path of SYSTEM_PATHS) {
    if (await Bun.file(path).exists()) return { open: () => launch(path, newFolder()) };
  }
  const onPath = Bun.which("chromium") ?? Bun.which("chromium-browser");
  if (onPath !== null) return { open: () => launch(onPath, newFolder()) };
  return findPackaged();
}

/** The npm package unpacks a browser that still needs some libraries of the system. */
async function findPackaged(): Promise<FoundBrowser> {
  const folder = newFolder();
  const missing = (what: string) => {
    rmSync(folder, { recursive: true, force: true });
    return { missing: `${what}; a browser comes with: ${INSTALL_COMMAND}` };
  };
  if (process.platform !== "linux" || process.arch !== "x64") {
    return missing(`no Chromium is packaged for ${process.platform} ${process.arch}`);
  }
  const path = await unpack(folder);
  if (path === undefined) return missing("the packaged Chromium cannot be unpacked");
  const libraries = missingLibraries(path);
  if (libraries.length > 0) return missing(`Chromium needs ${libraries.join(", ")}`);
  return { open: () => launch(path, folder) };
}

/** It takes any file it finds at its place in the temporary folder, so it gets one of its own. */
async function unpack(folder: string): Promise<string | undefined> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    const { default: packaged } = await import("@sparticuz/chromium");
    return await packaged.executablePath();
  } catch {
    return undefined;
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

function missingLibraries(path: string): string[] {
  const found = Bun.spawnSync(["ldd", path]).stdout.toString();
  return [...found.matchAll(/^\s*(\S+) => not found$/gm)].map((match) => match[1] ?? "");
}

async function launch(executablePath: string, folder: string): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath,
    args: [...FLAGS],
    env: { ...definedEnvironment(), TMPDIR: folder },
    timeout: 60_000,
  });
  return {
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "outpost-browser-"));
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

import { readFileSync } from "node:fs";
import { sha256Hex } from "../../devices/model/sha256.ts";

/** Everything that a page loads, by the name under which pages ask for it. */
export type AssetName =
  | "console.css"
  | "icons.svg"
  | "favicon.svg"
  | "htmx.js"
  | "live.js"
  | "forms.js"
  | "upload.js";

export interface Asset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Names the content, so that browsers may keep it for ever. */
  readonly hash: string;
}

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

const own = (name: string): URL => new URL(`./assets/${name}`, import.meta.url);

/** htmx comes out of its npm package, never from another host. */
const SOURCES: Readonly<Record<AssetName, () => URL>> = {
  "console.css": () => own("console.css"),
  "icons.svg": () => own("icons.svg"),
  "favicon.svg": () => own("favicon.svg"),
  "htmx.js": () => new URL(import.meta.resolve("htmx.org/dist/htmx.min.js")),
  "live.js": () => own("live.js"),
  "forms.js": () => own("forms.js"),
  "upload.js": () => own("upload.js"),
};

/** All files, read once when the first page needs one. */
let loaded: ReadonlyMap<string, Asset> | undefined;

export function findAsset(name: string): Asset | undefined {
  loaded ??= new Map(Object.entries(SOURCES).map(([key, source]) => [key, read(key, source())]));
  return loaded.get(name);
}

/** The path of an asset below the console's base; its hash makes a changed file another path. */
export function assetPath(name: AssetName): string {
  return `/console/assets/${findAsset(name)?.hash ?? "missing"}/${name}`;
}

function read(name: string, source: URL): Asset {
  const bytes = new Uint8Array(readFileSync(source));
  const hash = sha256Hex(bytes).slice(0, 16);
  return { bytes, type: TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream", hash };
}

import { closeSync, openSync, readSync } from "node:fs";
import type { FileCheck } from "./check-file.ts";

/** Every SQLite file that is not encrypted begins so. */
const HEADER = "SQLite format 3\0";

/**
 * What the first bytes tell about the key; undefined when they do not speak against it. Only for a
 * process that does not have the database open: closing the file again drops SQLite's lock (POSIX).
 */
export function keyMismatch(
  path: string,
  key: string | undefined,
): Extract<FileCheck, { kind: "wrong-key" }> | undefined {
  const start = firstBytes(path, HEADER.length);
  if (start === "") return undefined; // A new, empty file takes any key.
  const isPlain = start === HEADER;
  if (isPlain && key !== undefined) {
    return {
      kind: "wrong-key",
      detail: `The database ${path} is not encrypted, but a database key is set. Take the key away, or restore into an encrypted one.`,
    };
  }
  if (!isPlain && key === undefined) {
    return {
      kind: "wrong-key",
      detail: `The database ${path} is encrypted (or not a database). Set OUTPOST_DATABASE_KEY or OUTPOST_DATABASE_KEY_FILE to its key.`,
    };
  }
  return undefined;
}

function firstBytes(path: string, count: number): string {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(count);
    const read = readSync(file, bytes);
    return new TextDecoder("latin1").decode(bytes.subarray(0, read));
  } finally {
    closeSync(file);
  }
}

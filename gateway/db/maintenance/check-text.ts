import type { FileCheck } from "./check-file.ts";

/** What a check found, in words that say what to do. */
export function checkText(path: string, check: Exclude<FileCheck, { kind: "ok" }>): string {
  switch (check.kind) {
    case "missing":
      return `There is no database at ${path}.`;
    case "busy":
      return `The database ${path} is in use by a running gateway. Stop it first.`;
    case "wrong-key":
      return check.detail;
    case "damaged":
      return (
        `The database ${path} is damaged: ${check.problems[0] ?? ""}. Keep the file, and restore the ` +
        "last backup with `outpost restore`."
      );
  }
}

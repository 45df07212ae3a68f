/** A path as packages write it: `\Program Files\App\a.txt`, `C:\a.txt`, `/opt/a.txt`. */
export interface DevicePath {
  /** `C`, upper case; null: none. */
  readonly drive: string | null;
  /** Below the root, none of them `.` or `..`. */
  readonly parts: readonly string[];
}

/** `..` that leads above the root is a problem, as is what no file system can hold. */
export function readDevicePath(text: string): DevicePath | { readonly problem: string } {
  if (text.trim() === "") return { problem: "the path is empty" };
  if (text.includes("\0")) return { problem: "the path has a NUL in it" };
  const [, drive, rest = ""] = /^(?:([A-Za-z]):)?(.*)$/s.exec(text) ?? [];
  const parts: string[] = [];
  for (const part of rest.split(/[\\/]+/)) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return { problem: `${text} leads out of the device` };
  }
  return { drive: drive?.toUpperCase() ?? null, parts };
}

/** A name alone, as a rename takes it. */
export function isNameAlone(text: string): boolean {
  return text !== "" && text !== "." && text !== ".." && !/[\\/:\0]/.test(text);
}

export interface CommandLine {
  /** As it is written in the line. */
  readonly program: string;
  readonly args: readonly string[];
}

/** How arguments are written: on POSIX systems single quotes hold a text together too. */
export type Quoting = "windows" | "posix";

/**
 * The program and its arguments. A program's path may have blanks without being in quotes: of the beginnings
 * that end at a blank the longest that is a program is taken, else what stands before the first blank.
 *
 * @param isProgram whether something of this name can be started here
 */
export async function splitCommand(
  line: string,
  quoting: Quoting,
  isProgram: (text: string) => Promise<boolean>,
): Promise<CommandLine | { readonly problem: string }> {
  const text = line.trim();
  if (text === "") return { problem: "the command is empty" };
  if (text.startsWith('"')) {
    const end = text.indexOf('"', 1);
    if (end < 0) return { problem: `there is no second quote in ${text}` };
    return { program: text.slice(1, end), args: argumentsIn(text.slice(end + 1), quoting) };
  }
  const ends = [...text.matchAll(/\s+/g)].map(({ index }) => index);
  const upTo = (end: number) => ({
    program: text.slice(0, end),
    args: argumentsIn(text.slice(end), quoting),
  });
  for (const end of [text.length, ...ends.toReversed()]) {
    if (await isProgram(text.slice(0, end))) return upTo(end);
  }
  return upTo(ends[0] ?? text.length);
}

/**
 * Blanks part, quotes hold together, `\"` is a quote. Any other backslash stands for itself: paths have many.
 */
export function argumentsIn(text: string, quoting: Quoting): readonly string[] {
  const found: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const sign = text.charAt(index);
    const close = sign === '"' ? endOfQuoted(text, index) : undefined;
    const single =
      quoting === "posix" && sign === "'" && word === undefined ? text.indexOf("'", index + 1) : -1;
    if (close !== undefined) {
      word = `${word ?? ""}${text.slice(index + 1, close).replaceAll('\\"', '"')}`;
      index = close;
    } else if (single > 0) {
      word = text.slice(index + 1, single);
      index = single;
    } else if (/\s/.test(sign)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else if (sign === "\\" && text.charAt(index + 1) === '"') {
      word = `${word ?? ""}"`;
      index += 1;
    } else {
      word = `${word ?? ""}${sign}`;
    }
  }
  if (word !== undefined) found.push(word);
  return found;
}

/** Where the quote that begins at `from` ends: at the end of the text if nowhere else. */
function endOfQuoted(text: string, from: number): number {
  for (let index = from + 1; index < text.length; index++) {
    if (text.charAt(index) !== '"') continue;
    // "C:\folder\" ends with a folder's backslash: it hides the quote only when another one follows.
    if (text.charAt(index - 1) !== "\\" || !text.includes('"', index + 1)) return index;
  }
  return text.length;
}

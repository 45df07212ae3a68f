/** RFC 4180, safe to open in a spreadsheet. */

export type Cell = string | number | boolean | null | undefined;

/** Cells that begin so are run as formulas by spreadsheets; numbers are left alone. */
const FORMULA = /^'*[=+\-@\t\r]/;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

/** One line with its line end. Texts that a spreadsheet would run get an apostrophe in front. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "string") return String(cell);
  const safe = FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export class CsvError extends Error {
  override readonly name = "CsvError";
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * The records of a CSV text, each with the number of the line it begins on. Takes CRLF, LF, a byte
 * order mark, commas or (when the first line has more of them) semicolons, and takes back the
 * apostrophe that `csvLine` puts in front of a formula. Empty lines are skipped.
 *
 * @throws CsvError for a quote that is not closed, and for text after a closing quote
 */
export function parseCsv(text: string): { readonly line: number; readonly cells: string[] }[] {
  const input = text.replace(/^\uFEFF/, "");
  const separator = separatorOf(input);
  const records: { line: number; cells: string[] }[] = [];
  let position = 0;
  let line = 1;
  while (position < input.length) {
    const cells: string[] = [];
    const startLine = line;
    for (;;) {
      const cell = readCell(input, position, separator, line);
      cells.push(cell.text);
      line += cell.lines;
      position = cell.end;
      if (input[position] !== separator) break;
      position++;
    }
    if (input[position] === "\r") position++;
    if (input[position] === "\n") position++;
    line++;
    if (cells.length > 1 || cells[0] !== "") records.push({ line: startLine, cells });
  }
  return records;
}

interface ReadCell {
  readonly text: string;
  readonly end: number;
  /** Line ends inside the cell. */
  readonly lines: number;
}

function readCell(input: string, start: number, separator: string, line: number): ReadCell {
  if (input[start] !== '"') {
    let end = start;
    while (end < input.length && !isEnd(input[end], separator)) end++;
    return { text: withoutGuard(input.slice(start, end)), end, lines: 0 };
  }
  let text = "";
  let position = start + 1;
  for (;;) {
    const quote = input.indexOf('"', position);
    if (quote < 0) throw new CsvError(line, "a quoted cell is not closed");
    text += input.slice(position, quote);
    position = quote + 1;
    if (input[position] !== '"') break;
    text += '"';
    position++;
  }
  if (position < input.length && !isEnd(input[position], separator)) {
    throw new CsvError(line, "there is text after a closing quote");
  }
  return { text: withoutGuard(text), end: position, lines: text.split("\n").length - 1 };
}

function isEnd(character: string | undefined, separator: string): boolean {
  return character === separator || character === "\n" || character === "\r";
}

function withoutGuard(text: string): string {
  return text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text;
}

function separatorOf(input: string): "," | ";" {
  const [first = ""] = input.split(/\r?\n/, 1);
  return first.split(";").length > first.split(",").length ? ";" : ",";
}

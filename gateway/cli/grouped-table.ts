export interface TableGroup {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

const GAP = "  ";
/** Narrower than this a column cannot be read. */
const WIDTH_MIN = 10;

/**
 * One table of several groups, each below its title. Where `columnsMax` is too narrow, cells go on in further
 * lines, broken between words.
 */
export function groupedTable(
  head: readonly string[],
  groups: readonly TableGroup[],
  columnsMax: number,
): string[] {
  const rows = groups.flatMap((group) => group.rows);
  const widths = fitted(
    head.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
    ),
    columnsMax - GAP.length * (head.length - 1),
  );
  const lines = (row: readonly string[]): string[] => {
    const cells = row.map((cell, column) => wrapped(cell, widths[column] ?? WIDTH_MIN));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, n) =>
      cells
        .map((cell, column) => (cell[n] ?? "").padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    );
  };
  return [
    ...lines(head),
    widths.map((width) => "-".repeat(width)).join(GAP),
    ...groups.flatMap(({ title, rows: own }) => [
      ...wrapped(title, columnsMax),
      ...own.flatMap(lines),
    ]),
  ];
}

/** Widths that together are no more than `total`, taken from the widest. */
function fitted(wanted: readonly number[], total: number): number[] {
  const widths = [...wanted];
  for (let over = sumOf(widths) - total; over > 0; over--) {
    const widest = Math.max(...widths);
    if (widest <= WIDTH_MIN) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** At least one line; a word that is wider than a line is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line];
}

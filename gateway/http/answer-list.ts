import { accepts } from "hono/accepts";
import type { Filter, FilterFields } from "../../devices/filter/filter.ts";
import { parseAskedFilter } from "../../devices/filter/filter-words.ts";
import { AppError } from "../../devices/model/errors.ts";
import { type Cell, csvLine } from "../reports/csv.ts";
import {
  PAGE_ROWS_DEFAULT,
  PAGE_ROWS_MAX,
  type Page,
  type ListQuery as ReportQuery,
} from "../reports/report-reader.ts";
import type { AppContext } from "./environment.ts";

/** The query of a list as `ListQuery` in schemas/common.ts reads it. */
export interface GivenQuery {
  readonly filter?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  readonly sort?: string | undefined;
  readonly fields?: string | undefined;
  readonly format?: "json" | "csv" | undefined;
}

/** Where the rows of a list come from and how they are shown. */
export interface ListSource<Row, Shown extends object> {
  readonly fields: FilterFields;
  readonly list: (query: ReportQuery) => Promise<Page<Row>>;
  readonly count: (filter: Filter) => Promise<number>;
  readonly show: (row: Row) => Shown;
  /** All that a row shows, in the order of a CSV's columns. */
  readonly columns: readonly (keyof Shown & string)[];
  /** What a downloaded CSV is called, without its ending. */
  readonly name: string;
}

/** One page as JSON, or all rows as CSV, by the same filter. */
export async function answerList<Row, Shown extends object>(
  c: AppContext,
  given: GivenQuery,
  source: ListSource<Row, Shown>,
): Promise<Response> {
  const filter = parseAskedFilter(given.filter ?? "", source.fields);
  const columns = chosenColumns(given.fields, source.columns);
  const sort = given.sort === undefined ? {} : { sort: given.sort };
  if (wantsCsv(c, given.format)) {
    if (given.limit !== undefined || given.cursor !== undefined) {
      throw new AppError("invalid", "a CSV has all rows: leave out limit and cursor");
    }
    // The first page is read before the answer begins, so that a mistake is still answered as one.
    const first = await source.list({ filter, limit: PAGE_ROWS_MAX, ...sort });
    const pages = pagesFrom(first, (cursor) =>
      source.list({ filter, limit: PAGE_ROWS_MAX, cursor, ...sort }),
    );
    return csvAnswer(c, source.name, csvOf(pages, columns, source.show));
  }
  const cursor = given.cursor === undefined ? {} : { cursor: given.cursor };
  const limit = given.limit ?? PAGE_ROWS_DEFAULT;
  const { rows, next } = await source.list({ filter, limit, ...sort, ...cursor });
  return c.json({
    rows: rows.map((row) => pick(source.show(row), columns)),
    next: next ?? null,
    total: await source.count(filter),
  });
}

export function wantsCsv(c: AppContext, format: "json" | "csv" | undefined): boolean {
  if (format !== undefined) return format === "csv";
  const supports = ["application/json", "text/csv"];
  return accepts(c, { header: "Accept", supports, default: "application/json" }) === "text/csv";
}

export function csvAnswer(c: AppContext, name: string, lines: AsyncIterable<string>): Response {
  c.header("Content-Type", "text/csv; charset=utf-8; header=present");
  c.header("Content-Disposition", `attachment; filename="${name}.csv"`);
  return c.body(streamOf(lines));
}

/** A value as one cell: times and texts as they are, lists joined, the rest as JSON. */
export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return Array.isArray(value) ? value.join(" ") : JSON.stringify(value);
}

async function* pagesFrom<Row>(
  first: Page<Row>,
  list: (cursor: string) => Promise<Page<Row>>,
): AsyncGenerator<readonly Row[]> {
  let page = first;
  for (;;) {
    yield page.rows;
    if (page.next === undefined) return;
    page = await list(page.next);
  }
}

async function* csvOf<Row, Shown extends object>(
  pages: AsyncIterable<readonly Row[]>,
  columns: readonly (keyof Shown & string)[],
  show: (row: Row) => Shown,
): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const rows of pages) {
    const shown = rows.map(show);
    yield shown.map((row) => csvLine(columns.map((column) => cellOf(row[column])))).join("");
  }
}

function streamOf(lines: AsyncIterable<string>): ReadableStream {
  const iterator = lines[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function chosenColumns<Name extends string>(
  given: string | undefined,
  columns: readonly Name[],
): readonly Name[] {
  if (given === undefined) return columns;
  return given.split(",").map((name) => {
    const known = columns.find((column) => column === name.trim());
    if (known === undefined) {
      throw new AppError("invalid", `there is no field ${name}; there are: ${columns.join(", ")}`);
    }
    return known;
  });
}

function pick<Shown extends object>(row: Shown, columns: readonly (keyof Shown & string)[]) {
  return Object.fromEntries(columns.map((column) => [column, row[column]]));
}

import { z } from "@hono/zod-openapi";
import { FILTER_CHARACTERS_MAX } from "../../../devices/filter/filter.ts";
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from "../../reports/report-reader.ts";

/** ISO 8601 in UTC, as we write it. */
export const Time = z
  .string()
  .openapi({ format: "date-time", example: "2026-11-21T22:00:00.000Z" });

export function timeFrom(milliseconds: number): string;
export function timeFrom(milliseconds: number | null): string | null;
export function timeFrom(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

/** A time in a request: with a zone, so that nobody has to guess. Milliseconds since the epoch. */
export const GivenTime = z.iso
  .datetime({ offset: true, error: "give a time with a zone, such as 2026-11-21T22:00:00Z" })
  .transform((text) => Date.parse(text))
  // Some systems write the year 1 for "never": that is no time of anything.
  .refine((milliseconds) => milliseconds >= 0, "give a time since 1970")
  .openapi({ type: "string", format: "date-time" });

/** Text of one line for people: neither control characters nor half characters. */
export function line(charactersMax: number) {
  return z
    .string()
    .max(charactersMax)
    .refine((text) => text.isWellFormed(), "this has half of a character: an unpaired surrogate")
    .refine((text) => !CONTROL.test(text), "control characters are not taken");
}

export function nonEmptyLine(charactersMax: number) {
  return line(charactersMax).refine((text) => text.trim() !== "", "this must not be empty");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
const CONTROL = /[\u0000-\u001f\u007f]/;

export const NAME_CHARACTERS_MAX = 200;
export const TEXT_CHARACTERS_MAX = 2_000;

/** Ids that callers may choose: packages, revisions, distributions, windows, sites. */
export const RecordId = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    "use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit",
  )
  .openapi({ example: "contoso-app" });

export const FilterText = z
  .string()
  .max(FILTER_CHARACTERS_MAX)
  .openapi({
    description:
      "Terms with blanks between them; all must hold. A term is `field:value`, or `field<value` and " +
      "the like for numbers and times; `value,value` means either; a minus before the term negates " +
      'it; `*` stands for any characters; quotes hold blanks: `status:failed state:"Failed download"`.',
    example: "status:failed -site:prague",
  });

/** Query of every list. Other parameters are refused: a forgotten filter must not mean everything. */
export const LIST_QUERY = {
  filter: FilterText.optional(),
  cursor: z.string().max(1_000).optional().openapi({ description: "`next` of the page before" }),
  limit: z.coerce
    .number()
    .pipe(z.int().min(1).max(PAGE_ROWS_MAX))
    .optional()
    .openapi({ type: "integer", minimum: 1, maximum: PAGE_ROWS_MAX, default: PAGE_ROWS_DEFAULT }),
  sort: z
    .string()
    .regex(/^-?[A-Za-z]{1,40}$/)
    .optional()
    .openapi({ description: "A field; with a minus before it, descending" }),
  fields: z
    .string()
    .max(1_000)
    .optional()
    .openapi({ description: "Only these, with commas between", example: "id,status,state" }),
  format: z
    .enum(["json", "csv"])
    .optional()
    .openapi({ description: "For links; else the Accept header decides" }),
};

export const ListQuery = z.strictObject(LIST_QUERY);

export function pageOf<Row extends z.ZodType>(row: Row, name: string) {
  return z
    .object({
      rows: z.array(row),
      next: z
        .string()
        .nullable()
        .openapi({ description: "Cursor of the next page; null on the last" }),
      total: z.int().openapi({ description: "Rows that the filter holds for, on all pages" }),
    })
    .openapi(name);
}

export const Links = z
  .record(z.string(), z.string())
  .openapi({ description: "Addresses of what belongs to it" });

/** A number with the list behind it: its length is the number. */
export const LinkedCount = z.object({ count: z.int(), link: z.string() }).openapi("LinkedCount");

export const Buckets = z
  .object({
    received: LinkedCount,
    pending: LinkedCount,
    failed: LinkedCount,
    not_applicable: LinkedCount,
    removed: LinkedCount,
  })
  .openapi("Buckets");

import { type Filter, printFilter } from "../../devices/filter/filter.ts";

/**
 * The address of the list behind a number: whoever follows it sees as many rows.
 *
 * @param base where the lists are, such as `/api/v1` or the console's root
 */
export function linkTo(base: string, filter: Filter, list = "installations"): string {
  const text = printFilter(filter);
  return text === "" ? `${base}/${list}` : `${base}/${list}?filter=${encodeURIComponent(text)}`;
}

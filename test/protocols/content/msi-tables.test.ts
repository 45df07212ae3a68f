import { expect, test } from "bun:test";
import {
  MSI_ROWS_MAX,
  type MsiColumn,
  readMsiRows,
} from "../../../protocols/content/msi-tables.ts";

const strings = { texts: ["", "a", "b"], referenceBytes: 2 } as const;
const column = (name: string): MsiColumn => ({ name, kind: "text", bytes: 2 });
/** Of each column first all values, of two rows. */
const table = new Uint8Array(Uint16Array.of(1, 2, 2, 1, 1, 1, 2, 2).buffer);

test("a table's wanted columns are read, each once, whatever others it says it has", () => {
  const columns = ["x", "Value", "Property", "Value"].map(column);
  expect(readMsiRows(table, columns, ["Property", "Value", "Missing"], strings)).toEqual([
    { Property: "a", Value: "b" },
    { Property: "a", Value: "a" },
  ]);
});

test("a table may have so many rows, and no more", () => {
  const rows = (count: number) =>
    readMsiRows(new Uint8Array(count * 2), [column("Value")], ["Value"], strings);
  expect(rows(MSI_ROWS_MAX)).toHaveLength(MSI_ROWS_MAX);
  expect(() => rows(MSI_ROWS_MAX + 1)).toThrow("more than is read");
});

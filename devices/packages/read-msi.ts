import { LittleEndian, windows1252 } from "../../protocols/content/little-endian.ts";
import {
  type MsiRow,
  type MsiStrings,
  msiStreamName,
  readMsiColumns,
  readMsiRows,
  readMsiStrings,
  TABLE_MARK,
} from "../../protocols/content/msi-tables.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { CompoundFile } from "./compound-file.ts";
import { type RangeSource, turn } from "./range-source.ts";

/** A table, or all strings of a database. */
export const MSI_TABLE_BYTES_MAX = 8 * 1024 ** 2;
const SUMMARY_BYTES_MAX = 64 * 1024;
const SUMMARY = "\u0005SummaryInformation";
/** "x64;1033": processor and languages. [Windows Installer, Template Summary property] */
const TEMPLATE = 7;
const GUID = /^\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}$/;

export interface MsiFile {
  /** The long name, without its folder. */
  readonly name: string;
  readonly bytes: number;
  /** Four numbers at most; null for a file without. */
  readonly version: string | null;
}

/** What a Windows Installer package says of itself. */
export interface MsiPackage {
  /** GUIDs in braces and upper case. */
  readonly productCode: string;
  readonly upgradeCode: string | null;
  readonly productVersion: string;
  readonly productName: string;
  readonly manufacturer: string | null;
  /** Such as `x64`; null where it says none. */
  readonly architecture: string | null;
  /** In the order of its table. */
  readonly files: readonly MsiFile[];
  /** Cabinets inside of it; those beside it have to be on hand as well when it is installed. */
  readonly cabinets: readonly MsiCabinet[];
}

export interface MsiCabinet {
  readonly name: string;
  readonly isEmbedded: boolean;
}

/**
 * Reads the tables of an MSI; undefined for a compound file that is none (a document, say).
 *
 * @throws ProtocolError `msi-malformed`, `msi-too-large`, and those of `CompoundFile`
 */
export async function readMsi(source: RangeSource): Promise<MsiPackage | undefined> {
  const database = await MsiDatabase.open(source);
  if (database === undefined) return undefined;
  const properties = new Map(
    (await database.rows("Property", ["Property", "Value"])).map((row) => [
      textOf(row, "Property"),
      textOf(row, "Value"),
    ]),
  );
  const code = (name: string) => properties.get(name)?.toUpperCase() ?? "";
  const productCode = code("ProductCode");
  if (!GUID.test(productCode)) throw broken("its ProductCode is no GUID");
  const upgradeCode = code("UpgradeCode");
  const cabinets = await database.rows("Media", ["Cabinet"]);
  return {
    productCode,
    upgradeCode: GUID.test(upgradeCode) ? upgradeCode : null,
    productVersion: properties.get("ProductVersion") ?? "",
    productName: properties.get("ProductName") ?? "",
    manufacturer: properties.get("Manufacturer") || null,
    architecture: await database.architecture(),
    files: (await database.rows("File", ["FileName", "FileSize", "Version"])).map(fileOf),
    cabinets: cabinets.flatMap((row) => cabinetOf(textOf(row, "Cabinet"))),
  };
}

/** The stream of a cabinet inside an MSI; undefined where there is none of this name. */
export async function msiCabinet(
  source: RangeSource,
  name: string,
): Promise<RangeSource | undefined> {
  return await (await MsiDatabase.open(source))?.stream(name);
}

class MsiDatabase {
  readonly #file: CompoundFile;
  /** By the plain name, which begins with a mark for tables. */
  readonly #streams: ReadonlyMap<string, string>;
  readonly #strings: MsiStrings;
  readonly #columns: ReturnType<typeof readMsiColumns>;

  private constructor(
    file: CompoundFile,
    streams: ReadonlyMap<string, string>,
    strings: MsiStrings,
    columns: ReturnType<typeof readMsiColumns>,
  ) {
    this.#file = file;
    this.#streams = streams;
    this.#strings = strings;
    this.#columns = columns;
  }

  static async open(source: RangeSource): Promise<MsiDatabase | undefined> {
    const file = await CompoundFile.open(source);
    const streams = new Map(file.names().map((name) => [msiStreamName(name), name]));
    const read = (name: string) => bytesOf(file, streams.get(TABLE_MARK + name));
    const [pool, data] = [await read("_StringPool"), await read("_StringData")];
    const columns = await read("_Columns");
    if (pool === undefined || data === undefined || columns === undefined) return undefined;
    const strings = readMsiStrings(pool, data);
    return new MsiDatabase(file, streams, strings, readMsiColumns(columns, strings));
  }

  /** None for a table that is not there: an MSI needs few of them. */
  async rows(table: string, wanted: readonly string[]): Promise<readonly MsiRow[]> {
    const columns = this.#columns.get(table);
    const bytes = await bytesOf(this.#file, this.#streams.get(TABLE_MARK + table));
    if (columns === undefined || bytes === undefined) return [];
    return readMsiRows(bytes, columns, wanted, this.#strings);
  }

  async stream(name: string): Promise<RangeSource | undefined> {
    const mangled = this.#streams.get(name);
    return mangled === undefined ? undefined : await this.#file.stream(mangled);
  }

  async architecture(): Promise<string | null> {
    const stream = await this.#file.stream(SUMMARY);
    if (stream === undefined) return null;
    const bytes = await stream.read(0, Math.min(stream.length, SUMMARY_BYTES_MAX));
    const template = summaryText(new LittleEndian(bytes, "msi-malformed"), TEMPLATE);
    const platform = template?.split(";")[0]?.split(",")[0]?.trim().toLowerCase() ?? "";
    return platform === "intel" ? "x86" : platform === "amd64" ? "x64" : platform || null;
  }
}

/** A stream in memory. What is made of it takes some milliseconds, so everything else has its turn before. */
async function bytesOf(
  file: CompoundFile,
  name: string | undefined,
): Promise<Uint8Array | undefined> {
  const stream = name === undefined ? undefined : await file.stream(name);
  if (stream === undefined) return undefined;
  if (stream.length > MSI_TABLE_BYTES_MAX) {
    throw new ProtocolError(
      "msi-too-large",
      `a table of the MSI has ${stream.length} bytes, more than ${MSI_TABLE_BYTES_MAX}`,
    );
  }
  await turn();
  return await stream.read(0, stream.length);
}

/** A text of the first section of a property set. [MS-OLEPS] */
function summaryText(set: LittleEndian, wanted: number): string | undefined {
  const section = set.u32(44);
  const count = Math.min(set.u32(section + 4), 64);
  for (let n = 0; n < count; n++) {
    if (set.u32(section + 8 + n * 8) !== wanted) continue;
    const at = section + set.u32(section + 12 + n * 8);
    if (set.u32(at) !== 0x1e) return undefined;
    return windows1252(set.slice(at + 8, set.u32(at + 4))).split("\0")[0];
  }
  return undefined;
}

/** `FILE~1.TXT|file with a long name.txt` */
function fileOf(row: MsiRow): MsiFile {
  const name = textOf(row, "FileName");
  const version = textOf(row, "Version");
  const bytes = row.FileSize;
  return {
    name: name.split("|").at(-1) ?? name,
    bytes: typeof bytes === "number" ? Math.max(0, bytes) : 0,
    // A companion file is named there too.
    version: /^\d+(\.\d+){0,3}$/.test(version) ? version : null,
  };
}

function cabinetOf(name: string): readonly MsiCabinet[] {
  if (name === "") return [];
  const isEmbedded = name.startsWith("#");
  return [{ name: isEmbedded ? name.slice(1) : name, isEmbedded }];
}

function textOf(row: MsiRow, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : "";
}

function broken(why: string): ProtocolError {
  return new ProtocolError("msi-malformed", `the MSI cannot be read: ${why}`);
}

export interface SampleMsi {
  /** Null: a compound file that is no MSI. */
  readonly properties?: Readonly<Record<string, string>> | null;
  readonly files?: readonly { readonly name: string; readonly bytes: number; version?: string }[];
  readonly cabinet?: Uint8Array;
  readonly template?: string;
}

export const PRODUCT_CODE = "{12345678-9ABC-4DEF-8123-456789ABCDEF}";
export const UPGRADE_CODE = "{87654321-9ABC-4DEF-8123-456789ABCDEF}";
const PACKAGE_CODE = "{A1B2C3D4-9ABC-4DEF-8123-456789ABCDEF}";
const COMPONENT_CODE = "{D4C3B2A1-9ABC-4DEF-8123-456789ABCDEF}";
/** {F29F85E0-4FF9-1068-AB91-08002B27B3D9} */
const SUMMARY_FORMAT = Buffer.from("e0859ff2f94f6810ab9108002b27b3d9", "hex");
/** {000C1084-0000-0000-C000-000000000046} */
const MSI_CLASS = Buffer.from("84100c0000000000c000000000000046", "hex");
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
const SECTOR = 512;
const MINI = 64;
const CUTOFF = 4096;
const [END, FREE, TABLE] = [0xffff_fffe, 0xffff_ffff, 0xffff_fffd];

/** Where its files go, and that they are one feature of one component. */
const [FOLDER, COMPONENT, FEATURE] = ["APPLICATIONFOLDER", "Files", "Complete"];
/** [Windows Installer: suggested InstallExecuteSequence] */
const SEQUENCE: Readonly<Record<string, number>> = {
  ValidateProductID: 700,
  CostInitialize: 800,
  FileCost: 900,
  CostFinalize: 1000,
  InstallValidate: 1400,
  InstallInitialize: 1500,
  ProcessComponents: 1600,
  UnpublishFeatures: 1800,
  RemoveFiles: 3500,
  InstallFiles: 4000,
  RegisterUser: 6000,
  RegisterProduct: 6100,
  PublishFeatures: 6300,
  PublishProduct: 6400,
  InstallFinalize: 6600,
};

/** Types of columns: a text, one in the language of its users, a number of 16 bits or of 32. */
const TEXT = 0x0d00;
const LOCAL_TEXT = 0x0f00;
const SHORT = 0x0502;
const LONG = 0x0104;
const NULLABLE = 0x1000;
const KEY = 0x2000;

/** Null: nothing. */
type Cell = string | number | null;
interface Table {
  /** Name, and type with its largest length; the keys come first. */
  readonly columns: readonly (readonly [name: string, type: number])[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A Windows Installer package that installs its files. Its strings are of code page 1252. */
export function sampleMsi(wanted: SampleMsi = {}): Uint8Array<ArrayBuffer> {
  const { cabinet, template = "x64;1033" } = wanted;
  if (wanted.properties === null) return compound([["WordDocument", Buffer.from("text")]]);
  const properties = {
    ProductCode: PRODUCT_CODE,
    UpgradeCode: UPGRADE_CODE,
    ProductVersion: "1.2.3",
    ProductName: "Käse Shop",
    ProductLanguage: "1033",
    Manufacturer: "Contoso",
    ...wanted.properties,
  };
  const tables = tablesOf(wanted, properties);
  const strings = new StringPool();
  const streams: [string, Buffer][] = Object.entries(tables).map(([name, table]) => [
    mangled(`!${name}`),
    stored(table, strings),
  ]);
  const names = Object.keys(tables);
  const columns = Object.entries(tables).flatMap(([table, one]) =>
    one.columns.map(([name, type], n) => [table, n + 1, name, type]),
  );
  const key = KEY | TEXT | 64;
  const list = { columns: [["Name", key]], rows: names.map((name) => [name]) } as const;
  streams.push([mangled("!_Tables"), stored(list, strings)]);
  const columnTable: Table = {
    columns: [
      ["Table", key],
      ["Number", KEY | SHORT],
      ["Name", TEXT | 64],
      ["Type", SHORT],
    ],
    rows: columns,
  };
  streams.push([mangled("!_Columns"), stored(columnTable, strings)]);
  streams.push([mangled("!_StringPool"), strings.pool()]);
  streams.push([mangled("!_StringData"), strings.data()]);
  streams.push(["\u0005SummaryInformation", summary(template, properties)]);
  if (cabinet !== undefined) streams.push([mangled("product.cab"), Buffer.from(cabinet)]);
  return compound(streams);
}

function tablesOf(
  { files = [], cabinet }: SampleMsi,
  properties: Readonly<Record<string, string>>,
): Readonly<Record<string, Table>> {
  const fileKey = KEY | TEXT | 72;
  return {
    Property: {
      columns: [
        ["Property", fileKey],
        ["Value", LOCAL_TEXT],
      ],
      rows: Object.entries(properties),
    },
    Directory: {
      columns: [
        ["Directory", fileKey],
        ["Directory_Parent", NULLABLE | TEXT | 72],
        ["DefaultDir", LOCAL_TEXT | 255],
      ],
      rows: [
        ["TARGETDIR", null, "SourceDir"],
        ["ProgramFilesFolder", "TARGETDIR", "."],
        [FOLDER, "ProgramFilesFolder", "app|Sample app"],
      ],
    },
    Component: {
      columns: [
        ["Component", fileKey],
        ["ComponentId", NULLABLE | TEXT | 38],
        ["Directory_", TEXT | 72],
        ["Attributes", SHORT],
        ["Condition", NULLABLE | TEXT | 255],
        ["KeyPath", NULLABLE | TEXT | 72],
      ],
      rows: [[COMPONENT, COMPONENT_CODE, FOLDER, 0, null, files.length > 0 ? "F0" : null]],
    },
    Feature: {
      columns: [
        ["Feature", KEY | TEXT | 38],
        ["Feature_Parent", NULLABLE | TEXT | 38],
        ["Title", NULLABLE | LOCAL_TEXT | 64],
        ["Description", NULLABLE | LOCAL_TEXT | 255],
        ["Display", NULLABLE | SHORT],
        ["Level", SHORT],
        ["Directory_", NULLABLE | TEXT | 72],
        ["Attributes", SHORT],
      ],
      rows: [[FEATURE, null, null, null, null, 1, null, 0]],
    },
    FeatureComponents: {
      columns: [
        ["Feature_", KEY | TEXT | 38],
        ["Component_", fileKey],
      ],
      rows: [[FEATURE, COMPONENT]],
    },
    File: {
      columns: [
        ["File", fileKey],
        ["Component_", TEXT | 72],
        ["FileName", LOCAL_TEXT | 255],
        ["FileSize", LONG],
        ["Version", NULLABLE | TEXT | 72],
        ["Language", NULLABLE | TEXT | 20],
        ["Attributes", NULLABLE | SHORT],
        ["Sequence", SHORT],
      ],
      rows: files.map(({ name, bytes, version = null }, n) => [
        ...[`F${n}`, COMPONENT, `F${n}~1.BIN|${name}`, bytes, version],
        ...[null, null, n + 1],
      ]),
    },
    Media: {
      columns: [
        ["DiskId", KEY | SHORT],
        ["LastSequence", SHORT],
        ["DiskPrompt", NULLABLE | LOCAL_TEXT | 64],
        ["Cabinet", NULLABLE | TEXT | 255],
        ["VolumeLabel", NULLABLE | TEXT | 32],
        ["Source", NULLABLE | TEXT | 72],
      ],
      rows: [[1, files.length, null, cabinet ? "#product.cab" : "beside.cab", null, null]],
    },
    InstallExecuteSequence: {
      columns: [
        ["Action", fileKey],
        ["Condition", NULLABLE | TEXT | 255],
        ["Sequence", NULLABLE | SHORT],
      ],
      rows: Object.entries(SEQUENCE).map(([action, place]) => [action, null, place]),
    },
  };
}

/** Texts by number, and how often each is named. Nothing has the number 0. */
class StringPool {
  readonly #texts: string[] = [""];
  readonly #uses: number[] = [0];

  id(text: string): number {
    let at = this.#texts.indexOf(text);
    if (at < 0) at = this.#texts.push(text) - 1;
    this.#uses[at] = (this.#uses[at] ?? 0) + 1;
    return at;
  }

  /** Lengths and uses; in the place of the first, the code page. */
  pool(): Buffer {
    const [, ...rest] = this.#texts;
    const entries = rest.map((text, n) => [u16(text.length), u16(this.#uses[n + 1] ?? 0)]);
    return Buffer.concat([u32(1252), ...entries.flat()]);
  }

  data(): Buffer {
    return Buffer.from(this.#texts.join(""), "latin1");
  }
}

/** Column by column, in the order of the keys as they are stored. */
function stored({ columns, rows }: Table, strings: StringPool): Buffer {
  const numbered = rows.map((row) =>
    row.map((cell, n) => {
      const type = columns[n]?.[1] ?? 0;
      if (cell === null) return 0;
      if (typeof cell === "string") return cell === "" ? 0 : strings.id(cell);
      return type === LONG ? (cell ^ 0x8000_0000) >>> 0 : (cell ^ 0x8000) & 0xffff;
    }),
  );
  const keys = columns.filter(([, type]) => (type & KEY) !== 0).map((_, n) => n);
  numbered.sort((a, b) => {
    const n = keys.find((key) => a[key] !== b[key]);
    return n === undefined ? 0 : (a[n] ?? 0) - (b[n] ?? 0);
  });
  const values = columns.flatMap(([, type], n) =>
    numbered.map((row) => (type === LONG ? u32(row[n] ?? 0) : u16(row[n] ?? 0))),
  );
  return Buffer.concat(values);
}

/** Code page, names, platform, the package's own code, the schema, and that its files are in a cabinet. */
function summary(template: string, properties: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(`${value}\0`, "latin1");
    const rest = Buffer.alloc((4 - (bytes.length % 4)) % 4);
    return Buffer.concat([u32(0x1e), u32(bytes.length), bytes, rest]);
  };
  const number = (value: number) => Buffer.concat([u32(3), u32(value)]);
  const entries: readonly (readonly [id: number, value: Buffer])[] = [
    [1, Buffer.concat([u32(2), u32(1252)])],
    [2, text("Installation Database")],
    [3, text(properties.ProductName ?? "")],
    [4, text(properties.Manufacturer ?? "")],
    [7, text(template)],
    [9, text(PACKAGE_CODE)],
    [14, number(200)],
    [15, number(2)],
  ];
  let at = 8 + entries.length * 8;
  const places = entries.map(([id, value]) => {
    const place = Buffer.concat([u32(id), u32(at)]);
    at += value.length;
    return place;
  });
  const values = entries.map(([, value]) => value);
  const section = Buffer.concat([u32(at), u32(entries.length), ...places, ...values]);
  const head = Buffer.alloc(28);
  head.set([0xfe, 0xff, 0, 0, 0x06, 0, 0x02, 0]);
  head.writeUInt32LE(1, 24);
  return Buffer.concat([head, SUMMARY_FORMAT, u32(48), section]);
}

/** Two characters in one. */
function mangled(name: string): string {
  let out = name.startsWith("!") ? "\u4840" : "";
  const rest = name.replace(/^!/, "");
  for (let at = 0; at < rest.length; at += 2) {
    const low = ALPHABET.indexOf(rest[at] ?? "");
    const high = at + 1 < rest.length ? ALPHABET.indexOf(rest[at + 1] ?? "") : -1;
    out += String.fromCharCode(high < 0 ? 0x4800 + low : 0x3800 + low + (high << 6));
  }
  return out;
}

/** A compound file of version 3 [MS-CFB]. Every other sector of a large stream lies elsewhere. */
function compound(streams: readonly (readonly [name: string, content: Buffer])[]) {
  const sectors: Buffer[] = [];
  const table: number[] = [];
  const store = (content: Buffer): number => {
    const first = sectors.length;
    for (let at = 0; at < content.length; at += SECTOR) {
      const isLast = at + SECTOR >= content.length;
      table.push(isLast ? END : sectors.length + 1);
      const sector = Buffer.alloc(SECTOR);
      content.copy(sector, 0, at);
      sectors.push(sector);
      if (isLast || sectors.length % 8 !== 0) continue;
      // One that belongs to nobody, so that the chain is no plain stretch.
      table[table.length - 1] = sectors.length + 1;
      table.push(FREE);
      sectors.push(Buffer.alloc(SECTOR, 0xee));
    }
    return content.length === 0 ? END : first;
  };
  const minis: Buffer[] = [];
  const miniTable: number[] = [];
  const storeMini = (content: Buffer): number => {
    const first = minis.length;
    for (let at = 0; at < content.length; at += MINI) {
      const sector = Buffer.alloc(MINI);
      content.copy(sector, 0, at);
      minis.push(sector);
      miniTable.push(at + MINI >= content.length ? END : minis.length);
    }
    return content.length === 0 ? END : first;
  };
  const placed = streams.map(([name, content]) => ({
    name,
    bytes: content.length,
    start: content.length < CUTOFF ? storeMini(content) : store(content),
  }));
  const miniStream = Buffer.concat(minis);
  const root = { name: "Root Entry", bytes: miniStream.length, start: store(miniStream) };
  const miniTableAt = store(Buffer.concat(miniTable.map(u32)));
  placed.sort((one, other) => order(one.name, other.name));
  const [top, links] = balanced(placed.length);
  const directory = [
    entry(root, { type: 5, left: FREE, right: FREE, child: top }),
    ...placed.map((one, n) => entry(one, { type: 2, ...(links[n] ?? ALONE), child: FREE })),
  ];
  while (directory.length % 4 !== 0) directory.push(Buffer.alloc(128));
  const directoryAt = store(Buffer.concat(directory));
  const tableAt = sectors.length;
  let count = 1;
  while (count * (SECTOR / 4) < sectors.length + count) count += 1;
  for (let n = 0; n < count; n++) table.push(TABLE);
  while (table.length < count * (SECTOR / 4)) table.push(FREE);
  if (count > 109) throw new Error("a sample is never that large");
  const header = Buffer.alloc(SECTOR, 0xff);
  header.fill(0, 0, 76);
  header.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
  header.writeUInt16LE(0x3e, 0x18);
  header.writeUInt16LE(3, 0x1a);
  header.writeUInt16LE(0xfffe, 0x1c);
  header.writeUInt16LE(9, 0x1e);
  header.writeUInt16LE(6, 0x20);
  header.writeUInt32LE(count, 0x2c);
  header.writeUInt32LE(directoryAt, 0x30);
  header.writeUInt32LE(CUTOFF, 0x38);
  header.writeUInt32LE(miniTableAt, 0x3c);
  header.writeUInt32LE(Math.ceil((miniTable.length * 4) / SECTOR), 0x40);
  header.writeUInt32LE(END, 0x44);
  header.writeUInt32LE(END, 0x44);
  for (let n = 0; n < count; n++) header.writeUInt32LE(tableAt + n, 0x4c + n * 4);
  return new Uint8Array(Buffer.concat([header, ...sectors, ...table.map(u32)]));
}

/** Shorter names first, then by capital letters. */
function order(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length;
  return one.toUpperCase() < other.toUpperCase() ? -1 : 1;
}

interface Neighbours {
  readonly left: number;
  readonly right: number;
}
const ALONE: Neighbours = { left: FREE, right: FREE };

/** The numbers 1 to `count` as a search tree: its root, and what is below each of them. */
function balanced(count: number): readonly [root: number, links: readonly Neighbours[]] {
  const links: Neighbours[] = [];
  const grow = (from: number, to: number): number => {
    if (from > to) return FREE;
    const middle = (from + to) >> 1;
    links[middle - 1] = { left: grow(from, middle - 1), right: grow(middle + 1, to) };
    return middle;
  };
  return [grow(1, count), links];
}

function entry(
  { name, bytes, start }: { name: string; bytes: number; start: number },
  { type, left, right, child }: Neighbours & { readonly type: number; readonly child: number },
): Buffer {
  const out = Buffer.alloc(128);
  out.write(name, "utf16le");
  out.writeUInt16LE(name.length * 2 + 2, 0x40);
  out.writeUInt8(type, 0x42);
  out.writeUInt8(1, 0x43);
  out.writeUInt32LE(left, 0x44);
  out.writeUInt32LE(right, 0x48);
  out.writeUInt32LE(child, 0x4c);
  if (type === 5) MSI_CLASS.copy(out, 0x50);
  out.writeUInt32LE(start, 0x74);
  out.writeUInt32LE(bytes, 0x78);
  return out;
}

function u16(value: number): Buffer {
  return Buffer.from([value & 0xff, (value >> 8) & 0xff]);
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
}

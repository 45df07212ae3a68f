export interface SampleMsi {
  /** Null: a compound file that is no MSI. */
  readonly properties?: Readonly<Record<string, string>> | null;
  readonly files?: readonly { readonly name: string; readonly bytes: number; version?: string }[];
  readonly cabinet?: Uint8Array;
  readonly template?: string;
}

export const PRODUCT_CODE = "{12345678-9ABC-4DEF-8123-456789ABCDEF}";
export const UPGRADE_CODE = "{87654321-9ABC-4DEF-8123-456789ABCDEF}";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
const SECTOR = 512;
const MINI = 64;
const CUTOFF = 4096;
const [END, FREE, TABLE] = [0xffff_fffe, 0xffff_ffff, 0xffff_fffd];

/** A Windows Installer package, as far as anybody reads it. Its strings are of code page 1252. */
export function sampleMsi(wanted: SampleMsi = {}): Uint8Array<ArrayBuffer> {
  const { files = [], cabinet, template = "x64;1033" } = wanted;
  if (wanted.properties === null) return compound([["WordDocument", Buffer.from("text")]]);
  const properties = {
    ProductCode: PRODUCT_CODE,
    UpgradeCode: UPGRADE_CODE,
    ProductVersion: "1.2.3",
    ProductName: "Käse Shop",
    Manufacturer: "Contoso",
    ...wanted.properties,
  };
  const strings = [""];
  const id = (text: string) => {
    if (!strings.includes(text)) strings.push(text);
    return strings.indexOf(text);
  };
  const text = (value: string) => u16(id(value));
  const short = (value: number) => u16(value ^ 0x8000);
  const long = (value: number) => u32((value ^ 0x8000_0000) >>> 0);
  const tables: Record<string, readonly Column[]> = {
    Property: [
      ["Property", 0x2d48, Object.keys(properties).map(text)],
      ["Value", 0x0f00, Object.values(properties).map(text)],
    ],
    File: [
      ["File", 0x2d48, files.map((_, n) => text(`F${n}`))],
      ["FileName", 0x0fff, files.map(({ name }, n) => text(`F${n}~1.BIN|${name}`))],
      ["FileSize", 0x0104, files.map(({ bytes }) => long(bytes))],
      ["Version", 0x1d48, files.map(({ version = "" }) => text(version))],
    ],
    Media: [
      ["DiskId", 0x2502, [short(1)]],
      ["Cabinet", 0x1dff, [text(cabinet ? "#product.cab" : "beside.cab")]],
    ],
  };
  const columns = Object.entries(tables).flatMap(([table, list]) =>
    list.map(([name, type], n) => [text(table), short(n + 1), text(name), short(type)]),
  );
  const streams: [string, Buffer][] = Object.entries(tables).map(([name, list]) => [
    mangled(`!${name}`),
    Buffer.concat(list.flatMap(([, , values]) => values)),
  ]);
  streams.push([
    mangled("!_Columns"),
    Buffer.concat([0, 1, 2, 3].flatMap((n) => columns.map((column) => column[n] ?? u16(0)))),
  ]);
  const texts = strings.map((one) => Buffer.from(one, "latin1"));
  const pool = texts.map((one, n) =>
    n === 0 ? u32(1252) : Buffer.concat([u16(one.length), u16(1)]),
  );
  streams.push([mangled("!_StringPool"), Buffer.concat(pool)]);
  streams.push([mangled("!_StringData"), Buffer.concat(texts)]);
  streams.push(["\u0005SummaryInformation", summary(template)]);
  if (cabinet !== undefined) streams.push([mangled("product.cab"), Buffer.from(cabinet)]);
  return compound(streams);
}

type Column = readonly [name: string, type: number, values: readonly Buffer[]];

function summary(template: string): Buffer {
  const value = Buffer.from(`${template}\0`);
  const section = [u32(24 + value.length), u32(1), u32(7), u32(16), u32(0x1e), u32(value.length)];
  return Buffer.concat([Buffer.alloc(28), Buffer.alloc(16), u32(48), ...section, value]);
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

/** A compound file of version 3. Every other sector of a large stream lies elsewhere. */
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
  const directory = [
    entry(root, 5, FREE, placed.length > 0 ? 1 : FREE),
    // A tree that is a list is a tree.
    ...placed.map((one, n) => entry(one, 2, n + 2 <= placed.length ? n + 2 : FREE, FREE)),
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
  header.writeUInt16LE(3, 0x1a);
  header.writeUInt16LE(9, 0x1e);
  header.writeUInt16LE(6, 0x20);
  header.writeUInt32LE(count, 0x2c);
  header.writeUInt32LE(directoryAt, 0x30);
  header.writeUInt32LE(CUTOFF, 0x38);
  header.writeUInt32LE(miniTableAt, 0x3c);
  header.writeUInt32LE(END, 0x44);
  for (let n = 0; n < count; n++) header.writeUInt32LE(tableAt + n, 0x4c + n * 4);
  return new Uint8Array(Buffer.concat([header, ...sectors, ...table.map(u32)]));
}

function entry(
  { name, bytes, start }: { name: string; bytes: number; start: number },
  type: number,
  right: number,
  child: number,
): Buffer {
  const out = Buffer.alloc(128);
  out.write(name, "utf16le");
  out.writeUInt16LE(name.length * 2 + 2, 0x40);
  out.writeUInt8(type, 0x42);
  out.writeUInt32LE(FREE, 0x44);
  out.writeUInt32LE(right, 0x48);
  out.writeUInt32LE(child, 0x4c);
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

export interface SamplePe {
  /** Four numbers; null: a program without a version. */
  readonly fileVersion?: string | null;
  readonly productVersion?: string;
  readonly strings?: Readonly<Record<string, string>>;
  /** Default x64. */
  readonly machine?: number;
  readonly is32Bit?: boolean;
  /** Bytes of code before the resources. */
  readonly codeBytes?: number;
}

/** Behind any code that somebody asks for. */
const RESOURCES_AT = 0x1000_0000;

/** A Windows program as far as anybody reads it who asks for its version. It does not run. */
export function samplePe(wanted: SamplePe = {}): Uint8Array<ArrayBuffer> {
  const { fileVersion = "2.0.0.0", machine = 0x8664, is32Bit = false, codeBytes = 512 } = wanted;
  const resources = fileVersion === null ? Buffer.alloc(0) : resourcesOf(versionOf(wanted));
  const directories = is32Bit ? 96 : 112;
  const optional = Buffer.alloc(directories + 16 * 8);
  optional.writeUInt16LE(is32Bit ? 0x10b : 0x20b, 0);
  optional.writeUInt32LE(16, directories - 4);
  if (resources.length > 0) {
    optional.writeUInt32LE(RESOURCES_AT, directories + 16);
    optional.writeUInt32LE(resources.length, directories + 20);
  }
  const coff = Buffer.alloc(24);
  coff.write("PE\0\0");
  coff.writeUInt16LE(machine, 4);
  coff.writeUInt16LE(2, 6);
  coff.writeUInt16LE(optional.length, 20);
  coff.writeUInt16LE(0x0022, 22);
  const dos = Buffer.alloc(0x80);
  dos.write("MZ");
  dos.writeUInt32LE(dos.length, 0x3c);
  const headers = Buffer.alloc(1024);
  const text = section(".text", 0x1000, codeBytes, headers.length);
  const rsrc = section(".rsrc", RESOURCES_AT, resources.length, headers.length + codeBytes);
  Buffer.concat([dos, coff, optional, text, rsrc]).copy(headers);
  return new Uint8Array(Buffer.concat([headers, Buffer.alloc(codeBytes, 0x90), resources]));
}

function section(name: string, address: number, bytes: number, offset: number): Buffer {
  const entry = Buffer.alloc(40);
  entry.write(name);
  entry.writeUInt32LE(bytes, 8);
  entry.writeUInt32LE(address, 12);
  entry.writeUInt32LE(bytes, 16);
  entry.writeUInt32LE(offset, 20);
  return entry;
}

/** An icon, and the version behind it: type, name, language. */
function resourcesOf(version: Buffer): Buffer {
  const folder = (entries: readonly (readonly [id: number, to: number])[]) => {
    const bytes = Buffer.alloc(16 + entries.length * 8);
    bytes.writeUInt16LE(entries.length, 14);
    for (const [n, [id, to]] of entries.entries()) {
      bytes.writeUInt32LE(id, 16 + n * 8);
      bytes.writeUInt32LE(to, 20 + n * 8);
    }
    return bytes;
  };
  const data = Buffer.alloc(16);
  data.writeUInt32LE(RESOURCES_AT + 96, 0);
  data.writeUInt32LE(version.length, 4);
  return Buffer.concat([
    folder([
      [3, 0x8000_0000 + 32],
      [16, 0x8000_0000 + 32],
    ]),
    folder([[1, 0x8000_0000 + 56]]),
    folder([[0x409, 80]]),
    data,
    version,
  ]);
}

function versionOf({ fileVersion, productVersion, strings = {} }: SamplePe): Buffer {
  const fixed = Buffer.alloc(52);
  fixed.writeUInt32LE(0xfeef04bd, 0);
  writeVersion(fixed, 8, fileVersion ?? "2.0.0.0");
  writeVersion(fixed, 16, productVersion ?? fileVersion ?? "2.0.0.0");
  const texts = Object.entries(strings).map(([key, value]) => {
    const text = Buffer.from(`${value}\0`, "utf16le");
    return block(key, text, text.length / 2, 1, []);
  });
  const table = block("040904B0", Buffer.alloc(0), 0, 1, texts);
  const info = block("StringFileInfo", Buffer.alloc(0), 0, 1, [table]);
  return block("VS_VERSION_INFO", fixed, fixed.length, 0, texts.length > 0 ? [info] : []);
}

function writeVersion(into: Buffer, at: number, version: string): void {
  const [major = 0, minor = 0, build = 0, revision = 0] = version.split(".").map(Number);
  into.writeUInt32LE(((major << 16) | minor) >>> 0, at);
  into.writeUInt32LE(((build << 16) | revision) >>> 0, at + 4);
}

function block(
  key: string,
  value: Buffer,
  valueLength: number,
  type: number,
  children: readonly Buffer[],
): Buffer {
  const head = Buffer.alloc(6);
  const name = padded(Buffer.concat([head, Buffer.from(`${key}\0`, "utf16le")]));
  const whole = [name, children.length > 0 ? padded(value) : value];
  for (const [n, child] of children.entries()) {
    whole.push(n < children.length - 1 ? padded(child) : child);
  }
  const bytes = Buffer.concat(whole);
  bytes.writeUInt16LE(bytes.length, 0);
  bytes.writeUInt16LE(valueLength, 2);
  bytes.writeUInt16LE(type, 4);
  return bytes;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

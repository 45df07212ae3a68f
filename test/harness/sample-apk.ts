import { sampleZip } from "./sample-zip.ts";

export interface SampleApk {
  readonly packageName?: string;
  readonly versionCode?: number;
  readonly versionCodeMajor?: number;
  /** A number: it is a reference to a resource. */
  readonly versionName?: string | number;
  readonly minSdk?: number;
  readonly isUtf16?: boolean;
}

const NAMES = [
  ["versionCode", 0x0101021b],
  ["versionName", 0x0101021c],
  ["versionCodeMajor", 0x01010576],
  ["minSdkVersion", 0x0101020c],
  ["targetSdkVersion", 0x01010270],
  ["label", 0x01010001],
] as const;
const NOTHING = 0xffff_ffff;

/** An Android app, as far as anybody reads it. */
export async function sampleApk(wanted: SampleApk = {}): Promise<Uint8Array<ArrayBuffer>> {
  return await sampleZip({
    "AndroidManifest.xml": sampleAndroidManifest(wanted),
    "classes.dex": "",
  });
}

export function sampleAndroidManifest(wanted: SampleApk = {}): Uint8Array {
  const { packageName = "com.contoso.till", versionCode = 7, versionName = "1.0 βeta" } = wanted;
  const { versionCodeMajor = 0, minSdk = 21, isUtf16 = false } = wanted;
  const strings: string[] = NAMES.map(([name]) => name);
  const id = (text: string) => {
    if (!strings.includes(text)) strings.push(text);
    return strings.indexOf(text);
  };
  const text = (name: string, value: string) => attribute(id(name), id(value), 0x03, id(value));
  const number = (name: string, value: number) => attribute(id(name), NOTHING, 0x10, value);
  const body = [
    element(id("manifest"), [
      number("versionCode", versionCode),
      typeof versionName === "string"
        ? text("versionName", versionName)
        : attribute(id("versionName"), NOTHING, 0x01, versionName),
      ...(versionCodeMajor > 0 ? [number("versionCodeMajor", versionCodeMajor)] : []),
      text("package", packageName),
    ]),
    element(id("uses-sdk"), [number("minSdkVersion", minSdk), number("targetSdkVersion", 34)]),
    end(id("uses-sdk")),
    element(id("application"), [text("label", "Kasse")]),
    end(id("application")),
    end(id("manifest")),
  ];
  const resources = Buffer.alloc(NAMES.length * 4);
  for (const [n, [, resource]] of NAMES.entries()) resources.writeUInt32LE(resource, n * 4);
  const whole = [pool(strings, isUtf16), chunk(0x0180, Buffer.alloc(0), resources), ...body];
  return chunk(0x0003, Buffer.alloc(0), Buffer.concat(whole));
}

function chunk(type: number, header: Buffer, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(8 + header.length, 2);
  head.writeUInt32LE(8 + header.length + body.length, 4);
  return Buffer.concat([head, header, body]);
}

function pool(strings: readonly string[], isUtf16: boolean): Buffer {
  const texts = strings.map((text) => {
    const bytes = Buffer.from(text, isUtf16 ? "utf16le" : "utf8");
    const lengths = isUtf16
      ? Buffer.from([text.length & 0xff, text.length >> 8])
      : Buffer.from([text.length, bytes.length]);
    return Buffer.concat([lengths, bytes, Buffer.alloc(isUtf16 ? 2 : 1)]);
  });
  const offsets = Buffer.alloc(texts.length * 4);
  let at = 0;
  for (const [n, text] of texts.entries()) {
    offsets.writeUInt32LE(at, n * 4);
    at += text.length;
  }
  const data = Buffer.concat([...texts, Buffer.alloc((4 - (at % 4)) % 4)]);
  const header = Buffer.alloc(20);
  header.writeUInt32LE(strings.length, 0);
  header.writeUInt32LE(isUtf16 ? 0 : 0x100, 8);
  header.writeUInt32LE(28 + offsets.length, 12);
  return chunk(0x0001, header, Buffer.concat([offsets, data]));
}

function element(name: number, attributes: readonly Buffer[]): Buffer {
  const body = Buffer.alloc(20);
  body.writeUInt32LE(NOTHING, 0);
  body.writeUInt32LE(name, 4);
  body.writeUInt16LE(20, 8);
  body.writeUInt16LE(20, 10);
  body.writeUInt16LE(attributes.length, 12);
  return chunk(0x0102, Buffer.alloc(8), Buffer.concat([body, ...attributes]));
}

function end(name: number): Buffer {
  const body = Buffer.alloc(8, 0xff);
  body.writeUInt32LE(name, 4);
  return chunk(0x0103, Buffer.alloc(8), body);
}

function attribute(name: number, raw: number, type: number, value: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(NOTHING, 0);
  bytes.writeUInt32LE(name, 4);
  bytes.writeUInt32LE(raw, 8);
  bytes.writeUInt16LE(8, 12);
  bytes.writeUInt8(type, 15);
  bytes.writeUInt32LE(value, 16);
  return bytes;
}

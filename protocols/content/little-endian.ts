import { ProtocolError } from "../errors.ts";

/** Latin letters of any kind, and never a failure: names in old containers are of no stated code page. */
const WINDOWS_1252 = new TextDecoder("windows-1252");
const UTF_16 = new TextDecoder("utf-16le");

/** Numbers and texts of a binary file of others: whatever lies outside of it is their mistake. */
export class LittleEndian {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #rule: string;

  /** `rule` is what a field beyond the end breaks. */
  constructor(bytes: Uint8Array, rule: string) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#rule = rule;
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(offset: number): number {
    this.#need(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    this.#need(offset, 2);
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    this.#need(offset, 4);
    return this.#view.getUint32(offset, true);
  }

  i32(offset: number): number {
    return this.u32(offset) | 0;
  }

  slice(offset: number, length: number): Uint8Array {
    this.#need(offset, length);
    return this.bytes.subarray(offset, offset + length);
  }

  /** Text that ends with a NUL, and the offset behind it. */
  text(offset: number, bytesMax: number): { readonly bytes: Uint8Array; readonly end: number } {
    this.#need(offset, 0);
    const end = this.bytes.indexOf(0, offset);
    if (end < 0 || end - offset > bytesMax) {
      throw new ProtocolError(this.#rule, `a name at byte ${offset} has no end`);
    }
    return { bytes: this.bytes.subarray(offset, end), end: end + 1 };
  }

  #need(offset: number, length: number): void {
    if (offset >= 0 && length >= 0 && offset + length <= this.bytes.length) return;
    throw new ProtocolError(
      this.#rule,
      `there are no ${length} bytes at ${offset}: ${this.bytes.length} are all`,
    );
  }
}

export function windows1252(bytes: Uint8Array): string {
  return WINDOWS_1252.decode(bytes);
}

export function utf16(bytes: Uint8Array): string {
  return UTF_16.decode(bytes);
}

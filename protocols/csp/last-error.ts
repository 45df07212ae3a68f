const DECIMAL = /^[+-]?\d{1,10}$/;
const HEXADECIMAL = /^0x[0-9a-f]{1,8}$/i;

/**
 * A LastError leaf: an HRESULT as a signed 32-bit integer, 0 for no error. Read as it
 * is on the wire (`-2147009296`), unsigned (`2147958000`) and hexadecimal (`0x80073CF0`).
 *
 * @returns undefined when the text is none of these
 */
export function readLastError(text: string): number | undefined {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed) && !HEXADECIMAL.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (value < -(2 ** 31) || value >= 2 ** 32) return undefined;
  return value | 0;
}

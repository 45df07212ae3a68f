import { HRESULTS, type HresultEntry } from "./hresult-table.ts";
import { MSI_HRESULTS } from "./hresult-table-msi.ts";

const WIN32_CODE_MAX = 0xffff;
/** FACILITY_WIN32, failed: what HRESULT_FROM_WIN32 adds. */
const FROM_WIN32 = 0x80070000;

/** The code as eight hexadecimal digits after `0x`, from the signed integer of the wire. */
export function hex(code: number): string {
  return `0x${(code >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;
}

/**
 * What is known of a code; undefined for one nobody has classified: show the code itself. A bare Win32
 * code, such as msiexec ends with (1603), is read as the HRESULT that it stands for.
 */
export function hresultOf(code: number): HresultEntry | undefined {
  const isWin32 = code > 0 && code <= WIN32_CODE_MAX;
  const digits = hex(isWin32 ? code + FROM_WIN32 : code).slice(2);
  return HRESULTS[digits] ?? MSI_HRESULTS[digits];
}

/** The signed 32-bit integer of a code, however it was written; undefined when it is none. */
export function hresultFromText(text: string): number | undefined {
  const trimmed = text.trim();
  const value = /^0x[0-9a-f]{1,8}$/i.test(trimmed)
    ? Number.parseInt(trimmed.slice(2), 16)
    : /^-?\d{1,10}$/.test(trimmed)
      ? Number(trimmed)
      : Number.NaN;
  if (Number.isNaN(value) || value < -(2 ** 31) || value >= 2 ** 32) return undefined;
  return value | 0;
}

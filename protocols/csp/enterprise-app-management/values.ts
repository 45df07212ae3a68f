/** Download/{ProductID}/Status, by its value. [E-044 to E-051] */
export const DOWNLOAD_STATUSES = [
  "CONFIRM",
  "QUEUED",
  "DOWNLOADING",
  "DOWNLOADED",
  "INSTALLING",
  "INSTALLED",
  "FAILED",
  "DOWNLOAD_FAILED",
] as const;

/** {EnterpriseID}/Status, by its value. [E-040] */
export const ENTERPRISE_STATUSES = ["ENABLED", "INSTALL_DISABLED", "REVOKED", "INVALID"] as const;

/** 0 to 7, or undefined when the text is neither such a number nor the value's name. */
export function readDownloadStatus(text: string): number | undefined {
  return indexOf(DOWNLOAD_STATUSES, text);
}

/** 0 to 3, or undefined when the text is neither such a number nor the value's name. */
export function readEnterpriseStatus(text: string): number | undefined {
  return indexOf(ENTERPRISE_STATUSES, text);
}

function indexOf(names: readonly string[], text: string): number | undefined {
  const word = text.trim().toUpperCase();
  const index = names.findIndex((name, value) => word === name || word === String(value));
  return index < 0 ? undefined : index;
}

const DECIMAL = /^[+-]?\d{1,10}$/;
const HEXADECIMAL = /^0x[0-9a-f]{1,8}$/i;

/**
 * Download/{ProductID}/LastError: an HRESULT as a signed 32-bit integer, 0 for no error. Read as it
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

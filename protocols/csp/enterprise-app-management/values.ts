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

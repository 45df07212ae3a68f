/** AppInstallation/{PackageFamilyName}/Status, by its value. [syncml 6.3] */
export const INSTALLATION_STATUSES = [
  "NOT_INSTALLED",
  "INSTALLING",
  "FAILED",
  "INSTALLED",
] as const;

/** `0` to `3`, or undefined when the text is neither such a number nor the value's name. */
export function readInstallationStatus(text: string): string | undefined {
  const word = text.trim().toUpperCase();
  const index = INSTALLATION_STATUSES.findIndex(
    (name, value) => word === name || word === String(value),
  );
  return index < 0 ? undefined : String(index);
}

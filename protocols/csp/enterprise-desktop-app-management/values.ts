/** MSI/{ProductID}/Status, by its value. [syncml 6.2] */
export const MSI_STATUSES = {
  "10": "Initialized",
  "20": "Download In Progress",
  "25": "Pending Download Retry",
  "30": "Download Failed",
  "40": "Download Completed",
  "48": "Pending User Session",
  "50": "Enforcement In Progress",
  "55": "Pending Enforcement Retry",
  "60": "Enforcement Failed",
  "70": "Enforcement Completed",
} as const;
export type MsiStatus = keyof typeof MSI_STATUSES;

/** The value, or undefined when the text is neither one nor the name of one. */
export function readMsiStatus(text: string): MsiStatus | undefined {
  const word = text.trim().toLowerCase();
  return (Object.keys(MSI_STATUSES) as MsiStatus[]).find(
    (value) => word === value || word === MSI_STATUSES[value].toLowerCase(),
  );
}

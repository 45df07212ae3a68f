import type { HresultEntry } from "./hresult-table.ts";

/** Further codes of msiexec and of the providers of PCs, as eight upper-case hexadecimal digits. */
export const MSI_HRESULTS: Readonly<Record<string, HresultEntry>> = {
  "800705B4": {
    name: "ERROR_TIMEOUT (1460)",
    status: "failed",
    state: "Installation failed",
    retryable: true,
    meaning: "The installer ran longer than the revision allows. It is tried again.",
  },
  "80070645": {
    name: "ERROR_UNKNOWN_PRODUCT (1605)",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The product is not installed. When removing, it is gone already.",
  },
  "8007064C": {
    name: "ERROR_INSTALL_SOURCE_ABSENT (1612)",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning: "The former version's installer is gone, which this one needs. Remove that by hand.",
  },
  "80070654": {
    name: "ERROR_INSTALL_PACKAGE_INVALID (1620)",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning: "The file is no installer package. Upload the right one.",
  },
  "80070659": {
    name: "ERROR_INSTALL_PACKAGE_REJECTED (1625)",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "Policy forbids the install. Change the device's policy.",
  },
  "80070661": {
    name: "ERROR_INSTALL_PLATFORM_UNSUPPORTED (1633)",
    status: "failed",
    state: "Relevance criteria not met",
    retryable: false,
    meaning: "The package is for another processor. Target the devices that it is made for.",
  },
  "80070666": {
    name: "ERROR_PRODUCT_VERSION (1638)",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning:
      "Another version of the product is installed, and this one cannot take its place. Remove that first.",
  },
  "80070667": {
    name: "ERROR_INVALID_COMMAND_LINE (1639)",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning: "The command line is wrong. Correct it in a new revision.",
  },
  "80070669": {
    name: "ERROR_SUCCESS_REBOOT_INITIATED (1641)",
    status: "installed",
    state: "App is installed",
    retryable: false,
    meaning: "Installed; the device is restarting to finish.",
  },
  "80072EFE": {
    name: "WININET_E_CONNECTION_ABORTED",
    status: "failed",
    state: "Failed download",
    retryable: true,
    meaning: "The connection was broken. It is tried again.",
  },
  "80073D05": {
    name: "ERROR_DELETING_EXISTING_APPLICATIONDATA_STORE_FAILED",
    status: "failed",
    state: "Installation failed",
    retryable: true,
    meaning: "The former version's data is in use. Close the app; it is tried again.",
  },
  "80091007": {
    name: "CRYPT_E_HASH_VALUE",
    status: "failed",
    state: "Failed checksum validation",
    retryable: false,
    meaning: "The file that arrived is not the one that was uploaded. Upload it again.",
  },
  "86000002": {
    name: "CFGMGR_E_NODENOTFOUND",
    status: "failed",
    state: "Installation failed",
    retryable: true,
    meaning: "The device has lost the node of the work. It is sent again.",
  },
};

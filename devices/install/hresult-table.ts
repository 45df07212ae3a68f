import type { Status } from "../model/installation.ts";

/** One known error code of Windows' installers, with the row it leads to. */
export interface HresultEntry {
  readonly name: string;
  /** Null: the code says nothing about the status. */
  readonly status: Status | null;
  readonly state: string | null;
  /** It may pass by itself, so another try is worth it. */
  readonly retryable: boolean;
  /** What it means and what to do, for people. */
  readonly meaning: string;
}

/** By code, as eight upper-case hexadecimal digits. */
export const HRESULTS: Readonly<Record<string, HresultEntry>> = {
  "00000000": {
    name: "S_OK",
    status: null,
    state: null,
    retryable: false,
    meaning: "No error. It says nothing about the status.",
  },
  "80070002": {
    name: "ERROR_FILE_NOT_FOUND",
    status: "failed",
    state: "Failed download",
    retryable: false,
    meaning: "The file was not found. Check that the content URL still answers.",
  },
  "8007000B": {
    name: "ERROR_BAD_FORMAT",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning:
      "The package has a format the device does not read. Check processor type and file format.",
  },
  "80070057": {
    name: "E_INVALIDARG",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The device rejected a parameter of the package. Check name, version and address.",
  },
  "80073CF0": {
    name: "ERROR_INSTALL_OPEN_PACKAGE_FAILED",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning:
      "The package could not be opened: not signed, another publisher, or not found. Sign it again.",
  },
  "80073CF1": {
    name: "ERROR_INSTALL_PACKAGE_NOT_FOUND",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The package is not on the device. When removing, it is gone already.",
  },
  "80073CF2": {
    name: "ERROR_INSTALL_INVALID_PACKAGE",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The package is not valid. Build it again.",
  },
  "80073CF3": {
    name: "ERROR_INSTALL_RESOLVE_DEPENDENCY_FAILED",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning:
      "A dependency is missing, in conflict, or made for another processor. Distribute it first.",
  },
  "80073CF4": {
    name: "ERROR_INSTALL_OUT_OF_DISK_SPACE",
    status: "failed",
    state: "Installation failed",
    retryable: true,
    meaning: "The device has no room left. Free some; it is tried again.",
  },
  "80073CF5": {
    name: "ERROR_INSTALL_NETWORK_FAILURE",
    status: "failed",
    state: "Failed download",
    retryable: true,
    meaning: "The network failed while the device fetched the package. It is tried again.",
  },
  "80073CF6": {
    name: "ERROR_INSTALL_REGISTRATION_FAILURE",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The device could not register the package. Look at its event log.",
  },
  "80073CF7": {
    name: "ERROR_INSTALL_DEREGISTRATION_FAILURE",
    status: "installed",
    state: null,
    retryable: false,
    meaning:
      "The device could not take back the registration; the app stays. Close the app, then retry.",
  },
  "80073CF8": {
    name: "ERROR_INSTALL_CANCEL",
    status: "failed",
    state: "User rejected app install",
    retryable: false,
    meaning: "The install was cancelled on the device. Ask its user, then retry.",
  },
  "80073CF9": {
    name: "ERROR_INSTALL_FAILED",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The install failed. Look at the device's event log.",
  },
  "80073CFA": {
    name: "ERROR_REMOVE_FAILED",
    status: "installed",
    state: null,
    retryable: false,
    meaning: "The removal failed; the app stays. Close the app, then retry.",
  },
  "80073CFB": {
    name: "ERROR_PACKAGE_ALREADY_EXISTS",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "This package is on the device already. The inventory tells which version.",
  },
  "80073CFD": {
    name: "ERROR_INSTALL_PREREQUISITE_FAILED",
    status: "failed",
    state: "Relevance criteria not met",
    retryable: false,
    meaning:
      "A prerequisite is missing, such as a newer operating system. Bring the device up to date.",
  },
  "80073CFF": {
    name: "ERROR_INSTALL_POLICY_FAILURE",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "Policy forbids the install. Allow side-loading on the device.",
  },
  "80073D00": {
    name: "ERROR_PACKAGE_UPDATING",
    status: "updating",
    state: null,
    retryable: true,
    meaning: "The package is being updated right now. It is looked at again.",
  },
  "80073D01": {
    name: "ERROR_DEPLOYMENT_BLOCKED_BY_POLICY",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "Policy blocks the deployment. Change the device's policy.",
  },
  "80073D02": {
    name: "ERROR_PACKAGES_IN_USE",
    status: "failed",
    state: "Installation failed",
    retryable: true,
    meaning: "The app is in use. It is tried again in the next window.",
  },
  "80073D06": {
    name: "ERROR_INSTALL_PACKAGE_DOWNGRADE",
    status: "installed",
    state: "App is installed",
    retryable: false,
    meaning: "A newer version is on the device already.",
  },
  "80080203": {
    name: "APPX_E_MISSING_REQUIRED_FILE",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The package lacks a required file. Build it again.",
  },
  "80080204": {
    name: "APPX_E_INVALID_MANIFEST",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The package's manifest is not valid. Build it again.",
  },
  "80080206": {
    name: "APPX_E_CORRUPT_CONTENT",
    status: "failed",
    state: "Failed checksum validation",
    retryable: false,
    meaning: "The package's content is corrupt. Upload it again.",
  },
  "80080207": {
    name: "APPX_E_BLOCK_HASH_INVALID",
    status: "failed",
    state: "Failed checksum validation",
    retryable: false,
    meaning: "A block of the package does not match its hash. Upload it again.",
  },
  "800B0100": {
    name: "TRUST_E_NOSIGNATURE",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The package is not signed. Sign it with a certificate that the device trusts.",
  },
  "800B0109": {
    name: "CERT_E_UNTRUSTEDROOT",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The signature's root certificate is not trusted. Install the root on the device.",
  },
  "800B010A": {
    name: "CERT_E_CHAINING",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The signature's certificate chain is broken. Sign with the whole chain.",
  },
  "80180025": {
    name: "MENROLL_E_PROV_CSP_APPMGMT",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The device could not take the app management settings. Enrol it again.",
  },
  "80070005": {
    name: "E_ACCESSDENIED",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The device denied access. Check rights and policy.",
  },
  "80070017": {
    name: "ERROR_CRC",
    status: "failed",
    state: "Failed checksum validation",
    retryable: false,
    meaning: "The data that arrived is damaged. It is fetched anew with the next try.",
  },
  "80090005": {
    name: "NTE_BAD_DATA",
    status: "failed",
    state: "Failed decryption",
    retryable: false,
    meaning: "The package could not be decrypted: wrong key or damaged data. Upload it again.",
  },
  "8009002C": {
    name: "NTE_DECRYPTION_FAILURE",
    status: "failed",
    state: "Failed decryption",
    retryable: false,
    meaning: "The package could not be decrypted. Check which key it was made for.",
  },
  "80070003": {
    name: "ERROR_PATH_NOT_FOUND",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning: "A path was not found on the device. Check the paths that the package names.",
  },
  "800700C1": {
    name: "ERROR_BAD_EXE_FORMAT",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning: "The installer is not a program that this device can run. Make one for its processor.",
  },
  "800702E4": {
    name: "ERROR_ELEVATION_REQUIRED",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning:
      "The installer needs more rights than it has. Build it to install for the whole device.",
  },
  "80070641": {
    name: "ERROR_INSTALL_SERVICE_FAILURE (1601)",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning: "The device's installer service cannot be reached. Restart the device.",
  },
  "80070642": {
    name: "ERROR_INSTALL_USEREXIT (1602)",
    status: "failed",
    state: "User rejected app install",
    retryable: false,
    meaning: "The user cancelled the install. Ask, then retry.",
  },
  "80070643": {
    name: "ERROR_INSTALL_FAILURE (1603)",
    status: "failed",
    state: "Installation failed",
    retryable: false,
    meaning: "The installer ended with a fatal error. Look at its log.",
  },
  "80070652": {
    name: "ERROR_INSTALL_ALREADY_RUNNING (1618)",
    status: "installing",
    state: "App is being installed",
    retryable: true,
    meaning: "Another install is running. It is looked at again.",
  },
  "80070653": {
    name: "ERROR_INSTALL_PACKAGE_OPEN_FAILED (1619)",
    status: "failed",
    state: "Failed to launch installer",
    retryable: false,
    meaning: "The installer package could not be opened. Check that the file is whole, then retry.",
  },
  "80070BC2": {
    name: "ERROR_SUCCESS_REBOOT_REQUIRED (3010)",
    status: "installed",
    state: "App is installed",
    retryable: false,
    meaning: "Installed; the device has to restart to finish.",
  },
  "800704C7": {
    name: "ERROR_CANCELLED",
    status: "failed",
    state: "User rejected app install",
    retryable: false,
    meaning: "The user cancelled the operation. Ask, then retry.",
  },
  "80072EE2": {
    name: "WININET_E_TIMEOUT",
    status: "failed",
    state: "Failed download",
    retryable: true,
    meaning: "The connection timed out. It is tried again.",
  },
  "80072EE7": {
    name: "WININET_E_NAME_NOT_RESOLVED",
    status: "failed",
    state: "Failed download",
    retryable: true,
    meaning:
      "The server's name was not found. Check the device's name resolution; it is tried again.",
  },
  "80072EFD": {
    name: "WININET_E_CANNOT_CONNECT",
    status: "failed",
    state: "Failed download",
    retryable: true,
    meaning: "The device could not connect to the server. It is tried again.",
  },
  "80072F8F": {
    name: "ERROR_WINHTTP_SECURE_FAILURE",
    status: "failed",
    state: "Failed download",
    retryable: false,
    meaning: "The secure connection failed. Check certificate and clock of the device.",
  },
  "80190191": {
    name: "HTTP_E_STATUS_DENIED (401)",
    status: "failed",
    state: "Failed download",
    retryable: false,
    meaning:
      "The content server asked for credentials (HTTP 401). Check the client certificate's subject.",
  },
  "80190193": {
    name: "HTTP_E_STATUS_FORBIDDEN (403)",
    status: "failed",
    state: "Failed download",
    retryable: false,
    meaning:
      "The content server refused (HTTP 403). Check the signed address and the client certificate.",
  },
  "80190194": {
    name: "HTTP_E_STATUS_NOT_FOUND (404)",
    status: "failed",
    state: "Failed download",
    retryable: false,
    meaning:
      "The content server does not have the file (HTTP 404). Check the package's file, then retry.",
  },
  "801901F7": {
    name: "HTTP_E_STATUS_SERVICE_UNAVAIL (503)",
    status: "failed",
    state: "Failed download",
    retryable: true,
    meaning: "The content server is busy (HTTP 503). It is tried again.",
  },
};

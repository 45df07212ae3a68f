import { describe, expect, test } from "bun:test";
import { hex, hresultFromText, hresultOf } from "../../../devices/install/hresult.ts";
import { HRESULTS } from "../../../devices/install/hresult-table.ts";
import { MSI_HRESULTS } from "../../../devices/install/hresult-table-msi.ts";
import { isRow } from "../../../devices/install/matrix.ts";

describe("HRESULTS", () => {
  test("52 codes, as a human reviewed them", () => {
    const lines = Object.entries(HRESULTS).map(
      ([code, { name, status, state, retryable }]) =>
        `${code} ${Number.parseInt(code, 16) | 0} ${name} | ${status} | ${state} | ${retryable ? "later" : "-"}`,
    );
    expect(lines).toHaveLength(52);
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "80070002 -2147024894 ERROR_FILE_NOT_FOUND | failed | Failed download | -
      80070003 -2147024893 ERROR_PATH_NOT_FOUND | failed | Failed to launch installer | -
      80070005 -2147024891 E_ACCESSDENIED | failed | Installation failed | -
      80070017 -2147024873 ERROR_CRC | failed | Failed checksum validation | -
      80070057 -2147024809 E_INVALIDARG | failed | Installation failed | -
      80070641 -2147023295 ERROR_INSTALL_SERVICE_FAILURE (1601) | failed | Failed to launch installer | -
      80070642 -2147023294 ERROR_INSTALL_USEREXIT (1602) | failed | User rejected app install | -
      80070643 -2147023293 ERROR_INSTALL_FAILURE (1603) | failed | Installation failed | -
      80070652 -2147023278 ERROR_INSTALL_ALREADY_RUNNING (1618) | installing | App is being installed | later
      80070653 -2147023277 ERROR_INSTALL_PACKAGE_OPEN_FAILED (1619) | failed | Failed to launch installer | -
      80080203 -2146958845 APPX_E_MISSING_REQUIRED_FILE | failed | Installation failed | -
      80080204 -2146958844 APPX_E_INVALID_MANIFEST | failed | Installation failed | -
      80080206 -2146958842 APPX_E_CORRUPT_CONTENT | failed | Failed checksum validation | -
      80080207 -2146958841 APPX_E_BLOCK_HASH_INVALID | failed | Failed checksum validation | -
      80090005 -2146893819 NTE_BAD_DATA | failed | Failed decryption | -
      80180025 -2145910747 MENROLL_E_PROV_CSP_APPMGMT | failed | Installation failed | -
      80190191 -2145844847 HTTP_E_STATUS_DENIED (401) | failed | Failed download | -
      80190193 -2145844845 HTTP_E_STATUS_FORBIDDEN (403) | failed | Failed download | -
      80190194 -2145844844 HTTP_E_STATUS_NOT_FOUND (404) | failed | Failed download | -
      00000000 0 S_OK | null | null | -
      8007000B -2147024885 ERROR_BAD_FORMAT | failed | Installation failed | -
      80073CF0 -2147009296 ERROR_INSTALL_OPEN_PACKAGE_FAILED | failed | Installation failed | -
      80073CF1 -2147009295 ERROR_INSTALL_PACKAGE_NOT_FOUND | failed | Installation failed | -
      80073CF2 -2147009294 ERROR_INSTALL_INVALID_PACKAGE | failed | Installation failed | -
      80073CF3 -2147009293 ERROR_INSTALL_RESOLVE_DEPENDENCY_FAILED | failed | Installation failed | -
      80073CF4 -2147009292 ERROR_INSTALL_OUT_OF_DISK_SPACE | failed | Installation failed | later
      80073CF5 -2147009291 ERROR_INSTALL_NETWORK_FAILURE | failed | Failed download | later
      80073CF6 -2147009290 ERROR_INSTALL_REGISTRATION_FAILURE | failed | Installation failed | -
      80073CF7 -2147009289 ERROR_INSTALL_DEREGISTRATION_FAILURE | installed | null | -
      80073CF8 -2147009288 ERROR_INSTALL_CANCEL | failed | User rejected app install | -
      80073CF9 -2147009287 ERROR_INSTALL_FAILED | failed | Installation failed | -
      80073CFA -2147009286 ERROR_REMOVE_FAILED | installed | null | -
      80073CFB -2147009285 ERROR_PACKAGE_ALREADY_EXISTS | failed | Installation failed | -
      80073CFD -2147009283 ERROR_INSTALL_PREREQUISITE_FAILED | failed | Relevance criteria not met | -
      80073CFF -2147009281 ERROR_INSTALL_POLICY_FAILURE | failed | Installation failed | -
      80073D00 -2147009280 ERROR_PACKAGE_UPDATING | updating | null | later
      80073D01 -2147009279 ERROR_DEPLOYMENT_BLOCKED_BY_POLICY | failed | Installation failed | -
      80073D02 -2147009278 ERROR_PACKAGES_IN_USE | failed | Installation failed | later
      80073D06 -2147009274 ERROR_INSTALL_PACKAGE_DOWNGRADE | installed | App is installed | -
      800B0100 -2146762496 TRUST_E_NOSIGNATURE | failed | Installation failed | -
      800B0109 -2146762487 CERT_E_UNTRUSTEDROOT | failed | Installation failed | -
      800B010A -2146762486 CERT_E_CHAINING | failed | Installation failed | -
      8009002C -2146893780 NTE_DECRYPTION_FAILURE | failed | Failed decryption | -
      800700C1 -2147024703 ERROR_BAD_EXE_FORMAT | failed | Failed to launch installer | -
      800702E4 -2147024156 ERROR_ELEVATION_REQUIRED | failed | Failed to launch installer | -
      80070BC2 -2147021886 ERROR_SUCCESS_REBOOT_REQUIRED (3010) | installed | App is installed | -
      800704C7 -2147023673 ERROR_CANCELLED | failed | User rejected app install | -
      80072EE2 -2147012894 WININET_E_TIMEOUT | failed | Failed download | later
      80072EE7 -2147012889 WININET_E_NAME_NOT_RESOLVED | failed | Failed download | later
      80072EFD -2147012867 WININET_E_CANNOT_CONNECT | failed | Failed download | later
      80072F8F -2147012721 ERROR_WINHTTP_SECURE_FAILURE | failed | Failed download | -
      801901F7 -2145844745 HTTP_E_STATUS_SERVICE_UNAVAIL (503) | failed | Failed download | later"
    `);
  });

  test("each leads to a row of Windows, or says nothing about the status", () => {
    for (const { status, state } of [...Object.values(HRESULTS), ...Object.values(MSI_HRESULTS)]) {
      expect(status === null ? state === null : isRow("Windows", status, state)).toBe(true);
    }
  });

  test("each says in a sentence what it means; keys are eight digits", () => {
    const all = [...Object.entries(HRESULTS), ...Object.entries(MSI_HRESULTS)];
    expect(new Set(all.map(([code]) => code)).size).toBe(all.length);
    for (const [code, { meaning }] of all) {
      expect(code).toMatch(/^[0-9A-F]{8}$/);
      expect(meaning).toMatch(/^[A-Z].{10,}\.$/);
    }
  });

  test("all six failures of Windows are reached", () => {
    const states = new Set(Object.values(HRESULTS).map(({ state }) => state));
    expect(
      [
        "Failed download",
        "Failed decryption",
        "Failed checksum validation",
        "Failed to launch installer",
        "Installation failed",
        "Relevance criteria not met",
      ].filter((state) => !states.has(state)),
    ).toEqual([]);
  });
});

describe("hresultOf()", () => {
  test.each([
    [-2147009296, "ERROR_INSTALL_OPEN_PACKAGE_FAILED"],
    [0x80073cf0, "ERROR_INSTALL_OPEN_PACKAGE_FAILED"],
    [-2146762487, "CERT_E_UNTRUSTEDROOT"],
    [0, "S_OK"],
    [-2147023293, "ERROR_INSTALL_FAILURE (1603)"],
    [1603, "ERROR_INSTALL_FAILURE (1603)"],
    [3010, "ERROR_SUCCESS_REBOOT_REQUIRED (3010)"],
    [1633, "ERROR_INSTALL_PLATFORM_UNSUPPORTED (1633)"],
  ])("%d is %s", (code, name) => {
    expect(hresultOf(code)?.name).toBe(name);
  });

  test("S-44: an unknown code is none of ours, and can be shown", () => {
    expect(hresultOf(-1967333648)).toBeUndefined();
    expect(hex(-1967333648)).toBe("0x8ABCDEF0");
  });
});

describe("hresultFromText()", () => {
  test.each([
    ["-2147012889", -2147012889],
    ["2147954407", -2147012889],
    ["0x80072EE7", -2147012889],
    ["0x80072ee7", -2147012889],
    [" 0 ", 0],
  ])("%p is %d", (text, code) => {
    expect(hresultFromText(text)).toBe(code);
  });

  test.each([[""], ["0x"], ["80072EE7"], ["-2147483649"], ["4294967296"], ["1.5"], ["error"]])(
    "%p is none",
    (text) => {
      expect(hresultFromText(text)).toBeUndefined();
    },
  );

  test("text and code are one", () => {
    for (const code of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(hresultFromText(hex(code))).toBe(code);
    }
  });
});

import { describe, expect, test } from "bun:test";
import {
  APPLE_ONLY_STATES,
  bucketOf,
  descriptionOf,
  hasStatus,
  isRow,
  labelOf,
  statesOf,
  statusFromText,
} from "../../../devices/install/matrix.ts";
import { MATRIX_ROWS } from "../../../devices/install/matrix-rows.ts";
import { PLATFORMS } from "../../../devices/model/device.ts";
import { BUCKETS, OPERATIONS, STATUSES } from "../../../devices/model/installation.ts";

describe("MATRIX_ROWS", () => {
  test("S-01: 56 rows, byte for byte as administrators know them", () => {
    const lines = MATRIX_ROWS.map((row) => `${row.platform} | ${row.status} | ${row.state}`);
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "iOS | Pending Install | Command Scheduled
      iOS | Pending Install | Licensed Installation Scheduled
      iOS | Not Relevant | OS Criteria
      iOS | Not Relevant | Device Criteria
      iOS | Installing | Scheduled for installation. Waiting for redemption code
      iOS | Installing | Redeeming the redemption code
      iOS | Installing | Prompted user for installation
      iOS | Installing | Prompted user for app store login
      iOS | Installing | App is being installed
      iOS | Installing | Validating app purchase
      iOS | Installed | App is installed
      iOS | Installed | Prompted user for management of installed app
      iOS | Installed | User installed the app before managed app installation
      iOS | Installed | User rejected management of installed app
      iOS | Removed After Installation | App is uninstalled
      iOS | Pending Update | Prompted user for app update
      iOS | Pending Update | Prompted user for app store login for update
      iOS | Updating | Updating the app
      iOS | Updating | Validating the update
      iOS | Failed | User rejected app install
      iOS | Failed | App installation has failed.
      iOS | Upgrade Failed | User rejected app update
      Windows | Failed | Failed download
      Windows | Failed | Failed decryption
      Windows | Failed | Failed checksum validation
      Windows | Failed | Failed to launch installer
      Windows | Failed | Installation failed
      Windows | Failed | Relevance criteria not met
      Android | Success | Installed
      Android | Success | Higher version of app is installed
      Android | Installing | Downloading app
      Android | Installing | Waiting for network
      Android | Installing | Waiting for user action
      Android | Installing | App is not compatible with this device
      Android | Installing | Request to OEM server failed
      Android | Installing | Unexpected error occurred
      Android | Installing | Device is out of compliance
      Android | Installing | Waiting for download
      Android | Pending Install | App not installed
      Android | Pending Install | Downloading app
      Android | Pending Install | Waiting for network
      Android | Pending Install | Waiting for user action
      Android | Pending Install | Waiting for download
      Android | Pending Install | App download is scheduled
      Android | Pending Install | Device is out of compliance
      Android | Pending Update | App update pending
      Android | Pending Update | Waiting for user action
      Android | Pending Update | App download is scheduled
      Android | Pending Update | App update is scheduled
      Android | Pending Update | Device is out of compliance
      Android | Removed after Installation | App uninstalled by user
      Android | Removed after Installation | App uninstalled by MDM
      Android | Removed after Installation | Device is out of compliance
      Android | Failed | App is not compatible with this device
      Android | Failed | Request to OEM server failed
      Android | Failed | Unexpected error occurred"
    `);
  });

  test("22 iOS, 6 Windows, 28 Android; ids are unique and say what they name", () => {
    const count = (platform: string) =>
      MATRIX_ROWS.filter((row) => row.platform === platform).length;
    expect(PLATFORMS.map(count)).toEqual([22, 6, 28]);
    expect(new Set(MATRIX_ROWS.map((row) => row.id)).size).toBe(56);
    const prefix = { iOS: "ios", Windows: "win", Android: "and" } as const;
    for (const row of MATRIX_ROWS) {
      const slug = row.state
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, "_")
        .replace(/_$/, "");
      expect(row.id).toBe(`${prefix[row.platform]}.${row.canonicalStatus}.${slug}`);
      expect(row.status).toBe(labelOf(row.platform, row.canonicalStatus));
    }
  });

  test("every description is one or more sentences in neutral words", () => {
    for (const { description } of MATRIX_ROWS) {
      expect(description).toMatch(/^[A-Z].{15,}\.$/);
      expect(description).not.toMatch(/MaaS360|IBM/i);
    }
  });
});

describe("labelOf()", () => {
  test("M-087: Android says Success, and Removed with a small a", () => {
    expect(labelOf("Android", "installed")).toBe("Success");
    expect(labelOf("iOS", "installed")).toBe("Installed");
    expect(labelOf("Android", "removed_after_installation")).toBe("Removed after Installation");
    expect(labelOf("Windows", "removed_after_installation")).toBe("Removed After Installation");
  });
});

describe("the platforms' matrices", () => {
  test("Q02: Windows has the nine statuses, all states of iOS, and six of its own", () => {
    expect(STATUSES.every((status) => hasStatus("Windows", status))).toBe(true);
    for (const status of STATUSES) {
      expect(statesOf("Windows", status)).toEqual([
        ...statesOf("iOS", status),
        ...(status === "failed" ? SIX : []),
      ]);
    }
  });

  test("M-094: Android lacks three statuses", () => {
    expect(STATUSES.filter((status) => !hasStatus("Android", status))).toEqual([
      "not_relevant",
      "updating",
      "upgrade_failed",
    ]);
    expect(isRow("Android", "updating", null)).toBe(false);
  });

  test("M-089: a state is a row only under its status", () => {
    expect(isRow("Android", "installing", "Downloading app")).toBe(true);
    expect(isRow("Android", "pending_install", "Downloading app")).toBe(true);
    expect(isRow("Android", "pending_update", "Downloading app")).toBe(false);
    expect(isRow("iOS", "failed", "App installation has failed.")).toBe(true);
    expect(isRow("iOS", "failed", "App installation has failed")).toBe(false);
    expect(isRow("iOS", "failed", "Failed download")).toBe(false);
  });

  test("Apple's own states are rows of iOS, so that a filter for them is one for Windows too", () => {
    const states = STATUSES.flatMap((status) => statesOf("iOS", status));
    expect([...APPLE_ONLY_STATES].filter((state) => !states.includes(state))).toEqual([]);
    expect(APPLE_ONLY_STATES.size).toBe(9);
  });
});

describe("descriptionOf()", () => {
  test("is there for every platform, status and state, also an unknown one", () => {
    for (const platform of PLATFORMS) {
      for (const status of STATUSES) {
        for (const state of [null, "never heard of", ...statesOf(platform, status)]) {
          expect(descriptionOf(platform, status, state)).toMatch(/^[A-Z].+\.$/);
        }
      }
    }
  });

  test("depends on the status: the same word is not the same thing", () => {
    const state = "Unexpected error occurred";
    expect(descriptionOf("Android", "installing", state)).toContain("tried again");
    expect(descriptionOf("Android", "failed", state)).toContain("no further try");
    expect(descriptionOf("Windows", "installed", "App is installed")).toBe(
      descriptionOf("iOS", "installed", "App is installed"),
    );
  });
});

describe("bucketOf()", () => {
  test("Q06: as a human reviewed it", () => {
    const lines = STATUSES.map(
      (status) => `${status} | ${OPERATIONS.map((one) => bucketOf(status, one)).join(" | ")}`,
    );
    expect([`status | ${OPERATIONS.join(" | ")}`, ...lines].join("\n")).toMatchInlineSnapshot(`
      "status | install | update | repair | uninstall
      pending_install | pending | pending | pending | pending
      not_relevant | not_applicable | not_applicable | not_applicable | not_applicable
      installing | pending | pending | pending | pending
      installed | received | received | received | pending
      removed_after_installation | removed | removed | removed | removed
      pending_update | received | received | received | pending
      updating | received | received | received | pending
      failed | failed | failed | failed | failed
      upgrade_failed | failed | failed | failed | failed"
    `);
  });

  test("every bucket is reached", () => {
    const reached = new Set(STATUSES.map((status) => bucketOf(status, "install")));
    expect(BUCKETS.filter((bucket) => !reached.has(bucket))).toEqual([]);
  });
});

describe("statusFromText()", () => {
  test("takes the code and every platform's label, ignoring case", () => {
    for (const status of STATUSES) {
      expect(statusFromText(status)).toBe(status);
      for (const platform of PLATFORMS.filter((one) => hasStatus(one, status))) {
        expect(statusFromText(labelOf(platform, status).toUpperCase())).toBe(status);
      }
    }
    expect(statusFromText("success")).toBe("installed");
  });

  test.each([[""], ["instal"], ["constructor"], ["App is installed"]])("%p is none", (text) => {
    expect(statusFromText(text)).toBeUndefined();
  });
});

const SIX = [
  "Failed download",
  "Failed decryption",
  "Failed checksum validation",
  "Failed to launch installer",
  "Installation failed",
  "Relevance criteria not met",
];

import { describe, expect, test } from "bun:test";
import {
  addDownloadInstall,
  deleteProduct,
  executeDownloadInstall,
  getProductLeaf,
  getProducts,
  getUpgradeCode,
} from "../../../../protocols/csp/enterprise-desktop-app-management/commands.ts";
import {
  type MsiInstallJob,
  printMsiInstallJob,
} from "../../../../protocols/csp/enterprise-desktop-app-management/msi-install-job.ts";
import { asRead, onTheWire } from "../on-the-wire.ts";

const PRODUCT = "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}";
const NODE =
  "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7BAF9257BA-6BBD-4624-AA9B-0182D50292C3%7D";
const JOB: MsiInstallJob = {
  productId: PRODUCT,
  version: "1.2.3",
  contentUrls: [
    "http://branch.test/content/ab/app.msi?device=1&sig=2",
    "https://vendor.test/app.msi",
  ],
  sha256: "ab".repeat(32),
  commandLine: '/quiet PROP="a <b> & c"',
  timeoutMinutes: 30,
  retryCount: 3,
  retryIntervalMinutes: 5,
  downloadFromAad: false,
};

describe("MsiInstallJob", () => {
  test("has the fields of the documentation, addresses in order", () => {
    expect(asRead(printMsiInstallJob(JOB))).toEqual({
      MsiInstallJob: {
        id: PRODUCT,
        Product: {
          Version: "1.2.3",
          Download: {
            ContentURLList: {
              ContentURL: [
                "http://branch.test/content/ab/app.msi?device=1&sig=2",
                "https://vendor.test/app.msi",
              ],
            },
          },
          Validation: { FileHash: "AB".repeat(32) },
          Enforcement: {
            CommandLine: '/quiet PROP="a <b> & c"',
            TimeOut: "30",
            RetryCount: "3",
            RetryInterval: "5",
          },
        },
      },
    });
  });

  test("asks for the user's token only where it is wanted", () => {
    expect(printMsiInstallJob(JOB)).not.toContain("DownloadFromAad");
    expect(printMsiInstallJob({ ...JOB, downloadFromAad: true })).toContain(
      "<DownloadFromAad>1</DownloadFromAad>",
    );
  });

  test("is escaped once in the message: what a device unescapes is the job itself", () => {
    const job = printMsiInstallJob(JOB);
    const wire = onTheWire(executeDownloadInstall("t", "device", PRODUCT, job));
    expect(wire).toContain("<Data>&lt;MsiInstallJob id=");
    expect(wire).not.toContain("&amp;lt;MsiInstallJob");
    // The URL's ampersand is escaped in the job, and that once more in the message.
    expect(wire).toContain("?device=1&amp;amp;sig=2");
    expect(asRead(wire)).toMatchObject({
      SyncML: {
        SyncBody: {
          Exec: {
            Item: {
              Target: { LocURI: `${NODE}/DownloadInstall` },
              Meta: { Format: { "#text": "xml" }, Type: { "#text": "text/plain" } },
              Data: job,
            },
          },
        },
      },
    });
  });
});

describe("commands", () => {
  test("Add makes room for the job, with nothing in it", () => {
    expect(addDownloadInstall("t", "device", PRODUCT)).toEqual({
      name: "Add",
      tag: "t",
      items: [{ target: `${NODE}/DownloadInstall` }],
    });
  });

  test("questions and removal, for the device and for its user", () => {
    const target = (command: ReturnType<typeof getProducts>) => command.items[0]?.target;
    const user = NODE.replace("./Device", "./User");
    expect([
      target(getProducts("t", "device", "StructData")),
      target(getProducts("t", "user", "children")),
      target(getProductLeaf("t", "user", PRODUCT, "Status")),
      target(getUpgradeCode("t", "device", PRODUCT)),
      target(deleteProduct("t", "user", PRODUCT)),
    ]).toEqual([
      "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI?list=StructData",
      "./User/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI",
      `${user}/Status`,
      NODE.replace("/MSI/", "/MSI/UpgradeCode/"),
      user,
    ]);
    expect(deleteProduct("t", "user", PRODUCT).name).toBe("Delete");
  });
});

import { describe, expect, test } from "bun:test";
import { problemsOf, SCHEMAS } from "../../../sync/policy/schemas.ts";

const REVISION = {
  id: "tools-1-0",
  package: "tools",
  version: "1.0",
  channel: "EnterpriseAppManagement",
  file: { sha256: "ab".repeat(32), name: "tools.xap", bytes: 7 },
  minimumOsVersion: null,
  licence: "none",
  storeApp: false,
  targeting: { cpu: null, osMajor: null, osPlatform: null },
  createdAtMs: 5,
};
const MSI = {
  productCode: "af9257ba-6bbd-4624-aa9b-0182d50292c3",
  upgradeCode: null,
  context: "device",
  commandLine: "/quiet",
  timeoutMinutes: 60,
  retryCount: 3,
  retryIntervalMinutes: 5,
  downloadFromAad: false,
  fallbackUrls: ["https://vendor.test/tools.msi"],
};
const MSIX = {
  familyName: "Contoso.App_8WEKYB3D8BBWE",
  fullName: null,
  context: "user",
  dependencies: [{ sha256: "cd".repeat(32), name: "vclibs.appx", bytes: 9 }],
  deploymentOptions: 64,
};
const pointers = (body: object) =>
  problemsOf("revision", REVISION.id, body).map(({ pointer }) => pointer);

describe("records of revisions", () => {
  test("of before there were MSI and MSIX are read as they were meant", () => {
    expect(SCHEMAS.revision.parse(REVISION)).toMatchObject({ ...REVISION, msi: null, msix: null });
  });

  test("names are read in the form that devices write", () => {
    const { msi, msix } = SCHEMAS.revision.parse({ ...REVISION, msi: MSI, msix: MSIX });
    expect(msi?.productCode).toBe("{AF9257BA-6BBD-4624-AA9B-0182D50292C3}");
    expect(msix?.familyName).toBe("Contoso.App_8wekyb3d8bbwe");
  });

  test.each([
    [{ msi: { ...MSI, productCode: "tools" } }, "/msi/productCode"],
    [{ msi: { ...MSI, fallbackUrls: ["ftp://vendor.test/a.msi"] } }, "/msi/fallbackUrls/0"],
    [{ msi: { ...MSI, retryCount: 101 } }, "/msi/retryCount"],
    [{ msi: { ...MSI, timeoutMinutes: -1 } }, "/msi/timeoutMinutes"],
    [{ msi: { ...MSI, surprise: 1 } }, "/msi"],
    [{ msix: { ...MSIX, familyName: "Contoso.App" } }, "/msix/familyName"],
    [{ msix: { ...MSIX, deploymentOptions: 256 } }, "/msix/deploymentOptions"],
    [{ msix: { ...MSIX, context: "everybody" } }, "/msix/context"],
  ])("%j is quarantined at %s", (change, pointer) => {
    expect(pointers({ ...REVISION, msi: null, msix: null, ...change })).toEqual([pointer]);
  });
});

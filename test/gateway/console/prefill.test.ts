import { describe, expect, test } from "bun:test";
import type { PackageId, RevisionId, Sha256 } from "../../../devices/model/ids.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import { prefill } from "../../../gateway/console/prefill.ts";
import { type FileContents, NOTHING_SAID } from "../../../gateway/content/file-contents.ts";
import type { BlobView } from "../../../gateway/reports/report-reader.ts";
import { emptyPolicy } from "../../../sync/policy/build-policy.ts";

const FAMILY = "Contoso.App_8wekyb3d8bbwe";
const NAMES = {
  familyName: FAMILY,
  fullName: "Contoso.App_2.0.0.0_x64__8wekyb3d8bbwe",
  isFramework: false,
  minimumOsVersion: "10.0.17763.0",
  dependencies: [{ name: "VCLibs", familyName: "VCLibs_8wekyb3d8bbwe", minimumVersion: "14.0.5" }],
};
const PLAIN: FileContents = { ...NOTHING_SAID, kind: "other" };
const APP: FileContents = {
  ...PLAIN,
  kind: "appx",
  name: "Contoso Shop",
  publisher: "Contoso",
  version: "2.0.0.0",
  architecture: "x64",
  appx: NAMES,
};
const APK = { packageName: "com.contoso", versionCode: "31", minSdk: 21, targetSdk: null };
const MSI: FileContents = {
  ...PLAIN,
  kind: "msi",
  name: "Shop",
  publisher: "Contoso",
  version: "1.2.3",
  msi: { productCode: "{A}", upgradeCode: "{B}" },
};

function framework(version: string, architecture = "x64", dependencies = NAMES.dependencies) {
  const familyName = "VCLibs_8wekyb3d8bbwe";
  const appx = { ...NAMES, familyName, isFramework: true, dependencies };
  return { ...APP, name: "VCLibs", version, architecture, appx };
}

/** Files on hand, each called by its place. */
function filesOf(...contents: (FileContents | undefined)[]) {
  const names = contents.map((_, n) => String(n).repeat(64) as Sha256);
  return {
    list: async () =>
      names.map((sha256) => ({ sha256, name: "a.msix", state: "complete" }) as BlobView),
    describe: async (sha256: Sha256) => contents[names.indexOf(sha256)],
  };
}
const FIRST = "0".repeat(64);

describe("prefill()", () => {
  test("fills the form from the manifest, with the newest framework that fits", async () => {
    const files = filesOf(
      APP,
      framework("14.0.4"),
      framework("14.0.5"),
      framework("14.1.0"),
      framework("15.0.0", "arm64"),
    );
    const { form, known, notes } = await prefill(files, emptyPolicy(), FIRST);
    const names = ["name", "version", "channel", "familyName", "fullName", "minimumOsVersion"];
    expect(names.map((name) => form.value(name))).toEqual([
      "Contoso Shop",
      "2.0.0.0",
      "EnterpriseModernAppManagement",
      FAMILY,
      NAMES.fullName,
      "10.0.17763.0",
    ]);
    expect(form.values("dependencies")).toEqual(["3".repeat(64)]);
    expect([known, notes]).toEqual([undefined, []]);
    expect(form.value("description", "as it was")).toBe("as it was");
  });

  test("says what else has to be uploaded, and that a framework is no app", async () => {
    const lacks = await prefill(filesOf(APP, framework("14.0.4")), emptyPolicy(), FIRST);
    expect(lacks.notes).toEqual([
      "It needs VCLibs, at least 14.0.5: upload that as well, unless devices have it.",
    ]);
    const library = framework("14.0.4", "x64", []);
    const { notes } = await prefill(filesOf(library), emptyPolicy(), FIRST);
    expect(notes).toEqual([expect.stringContaining("is a framework")]);
  });

  test("finds the app that the file is a version of", async () => {
    const app = { id: "shop" as PackageId, name: "Shop" } as Package;
    const revision = { package: app.id, msix: { familyName: FAMILY.toUpperCase() } } as Revision;
    const policy = {
      ...emptyPolicy(),
      packages: new Map([[app.id, app]]),
      revisions: new Map([["shop-1" as RevisionId, revision]]),
    };
    expect((await prefill(filesOf(APP), policy, FIRST)).known).toBe(app);
  });

  test("a file that says nothing leaves the form alone; a broken one says why", async () => {
    for (const file of ["", "nonsense", "f".repeat(64)]) {
      const { form, notes } = await prefill(filesOf(undefined), emptyPolicy(), file);
      expect([form.value("name", "mine"), notes]).toEqual(["mine", []]);
    }
    const broken = { ...PLAIN, problem: { rule: "cab-malformed", message: "why" } };
    const found = filesOf({ ...broken, kind: "cab", warnings: ["It is called a.zip."] });
    const { form, notes } = await prefill(found, emptyPolicy(), FIRST);
    expect(form.value("name", "mine")).toBe("mine");
    expect(notes).toEqual([
      "It begins like a cabinet (CAB), but is no whole one: why",
      "It is called a.zip.",
    ]);
  });

  test.each<[FileContents, Record<string, string>]>([
    [
      MSI,
      {
        channel: "EnterpriseDesktopAppManagement",
        productCode: "{A}",
        upgradeCode: "{B}",
        version: "1.2.3",
        name: "Shop",
      },
    ],
    [
      { ...PLAIN, kind: "xap", version: "1.0.0.0", xap: { productId: "{C}" } },
      { channel: "EnterpriseAppManagement", productId: "{C}", version: "1.0.0.0" },
    ],
    [
      { ...PLAIN, kind: "apk", name: "Kasse", version: "3.1 β", apk: APK },
      { platform: "Android", channel: "reported", name: "Kasse", version: "3.1 β" },
    ],
  ])("fills in what else files say: %#", async (contents, expected) => {
    const { form } = await prefill(filesOf(contents), emptyPolicy(), FIRST);
    const values = Object.keys(expected).map((name) => [name, form.value(name)]);
    expect(Object.fromEntries(values)).toEqual(expected);
  });

  test("finds the app of an MSI by its UpgradeCode, and of a XAP by its product", async () => {
    const app = { id: "shop" as PackageId, name: "Shop", productId: "{C}" } as Package;
    const revision = { package: app.id, msi: { upgradeCode: "{b}" } } as Revision;
    const policy = {
      ...emptyPolicy(),
      packages: new Map([[app.id, app]]),
      revisions: new Map([["shop-1" as RevisionId, revision]]),
    };
    expect((await prefill(filesOf(MSI), policy, FIRST)).known).toBe(app);
    const xap: FileContents = { ...PLAIN, kind: "xap", xap: { productId: "{c}" } };
    expect((await prefill(filesOf(xap), policy, FIRST)).known).toBe(app);
    expect((await prefill(filesOf(PLAIN), policy, FIRST)).known).toBeUndefined();
  });
});

import { describe, expect, test } from "bun:test";
import { AppError } from "../../../devices/model/errors.ts";
import type { PackageId, RevisionId, Sha256 } from "../../../devices/model/ids.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import { prefill } from "../../../gateway/console/prefill.ts";
import type { PackageFacts } from "../../../gateway/content/package-facts.ts";
import type { BlobView } from "../../../gateway/reports/report-reader.ts";
import { emptyConsolePolicy } from "../../harness/console-data.ts";

const FAMILY = "Contoso.App_8wekyb3d8bbwe";
const APP: PackageFacts = {
  name: "Contoso Shop",
  publisher: "Contoso",
  version: "2.0.0.0",
  architecture: "x64",
  familyName: FAMILY,
  fullName: "Contoso.App_2.0.0.0_x64__8wekyb3d8bbwe",
  isFramework: false,
  minimumOsVersion: "10.0.17763.0",
  dependencies: [{ name: "VCLibs", familyName: "VCLibs_8wekyb3d8bbwe", minimumVersion: "14.0.5" }],
};

function framework(version: string, architecture = "x64"): PackageFacts {
  const familyName = "VCLibs_8wekyb3d8bbwe";
  return { ...APP, name: "VCLibs", familyName, version, architecture, isFramework: true };
}

/** Files on hand, each called by its place. */
function filesOf(...facts: (PackageFacts | string | undefined)[]) {
  const names = facts.map((_, n) => String(n).repeat(64) as Sha256);
  return {
    list: async () =>
      names.map((sha256) => ({ sha256, name: "a.msix", state: "complete" }) as BlobView),
    describe: async (sha256: Sha256) => {
      const found = facts[names.indexOf(sha256)];
      if (typeof found === "string") throw new AppError("unprocessable", found);
      return found;
    },
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
    const { form, known, notes } = await prefill(files, emptyConsolePolicy(), FIRST);
    const names = ["name", "version", "channel", "familyName", "fullName", "minimumOsVersion"];
    expect(names.map((name) => form.value(name))).toEqual([
      "Contoso Shop",
      "2.0.0.0",
      "EnterpriseModernAppManagement",
      FAMILY,
      APP.fullName,
      "10.0.17763.0",
    ]);
    expect(form.values("dependencies")).toEqual(["3".repeat(64)]);
    expect([known, notes]).toEqual([undefined, []]);
    expect(form.value("description", "as it was")).toBe("as it was");
  });

  test("says what else has to be uploaded, and that a framework is no app", async () => {
    const lacks = await prefill(filesOf(APP, framework("14.0.4")), emptyConsolePolicy(), FIRST);
    expect(lacks.notes).toEqual([
      "It needs VCLibs, at least 14.0.5: upload that as well, unless devices have it.",
    ]);
    const library = { ...framework("14.0.4"), dependencies: [] };
    const { notes } = await prefill(filesOf(library), emptyConsolePolicy(), FIRST);
    expect(notes).toEqual([expect.stringContaining("is a framework")]);
  });

  test("finds the app that the file is a version of", async () => {
    const app = { id: "shop" as PackageId, name: "Shop" } as Package;
    const revision = { package: app.id, msix: { familyName: FAMILY.toUpperCase() } } as Revision;
    const policy = {
      ...emptyConsolePolicy(),
      packages: new Map([[app.id, app]]),
      revisions: new Map([["shop-1" as RevisionId, revision]]),
    };
    expect((await prefill(filesOf(APP), policy, FIRST)).known).toBe(app);
  });

  test("a file that says nothing leaves the form alone; a broken one says why", async () => {
    for (const file of ["", "nonsense", "f".repeat(64)]) {
      const { form, notes } = await prefill(filesOf(undefined), emptyConsolePolicy(), file);
      expect([form.value("name", "mine"), notes]).toEqual(["mine", []]);
    }
    const { notes } = await prefill(filesOf("a.msix is no package"), emptyConsolePolicy(), FIRST);
    expect(notes).toEqual(["a.msix is no package"]);
  });
});

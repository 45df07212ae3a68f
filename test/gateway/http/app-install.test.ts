import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MEMBERS_LISTED_MAX } from "../../../gateway/content/file-contents.ts";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import {
  PRODUCT_CODE,
  sampleMsi,
  UPGRADE_CODE,
} from "../../../gateway/demo/packages/sample-msi.ts";
import { sampleMsix } from "../../harness/sample-msix.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, ScenarioKit } from "./scenario-kit.ts";

const P1 = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const CODE = "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}";
const FAMILY = "Contoso.App_8wekyb3d8bbwe";
const FULL = "Contoso.App_1.2.0.0_x64__8wekyb3d8bbwe";
let harness: ApiHarness;
let kit: ScenarioKit;
const files: Record<string, string> = {};
beforeAll(async () => {
  harness = await ApiHarness.open();
  kit = await ScenarioKit.of(harness);
  for (const name of ["a.msi", "a.msix", "a.appx", "vclibs.appx", "a.xap"]) {
    const { headers } = kit;
    const answer = await harness.ask("POST", `/files?name=${name}`, { headers, body: name });
    files[name] = ((await answer.json()) as Json).sha256;
  }
  await kit.want(201, "POST", "/packages", { id: "tools", name: "Tools", platform: "Windows" });
  await kit.want(201, "POST", "/packages", {
    id: "both",
    name: "Both",
    platform: "Windows",
    productId: P1,
  });
  await kit.want(201, "POST", "/packages", { id: "ios", name: "iOS", platform: "iOS" });
});
afterAll(() => harness[Symbol.asyncDispose]());

const file = (name: string) => ({ sha256: files[name] });
const make = (owner: string, json: Json, status = 201) =>
  kit.want(status, "POST", `/packages/${owner}/revisions`, json);
const pointersOf = (problem: Json) => problem.errors.map(({ pointer }: Json) => pointer).sort();

describe("a revision of an MSI", () => {
  test("says how it is installed; what is not said has its usual value", async () => {
    const json = {
      id: "tools-1",
      version: "1.2.0",
      file: file("a.msi"),
      msi: { productCode: CODE.toLowerCase(), upgradeCode: P1 },
    };
    const made = await make("tools", json);
    expect(made).toMatchObject({
      channel: "EnterpriseDesktopAppManagement",
      file: { name: "a.msi" },
      msi: {
        productCode: CODE,
        upgradeCode: P1,
        context: "device",
        commandLine: "/quiet /norestart",
        timeoutMinutes: 60,
        retryCount: 3,
        retryIntervalMinutes: 5,
        downloadFromAad: false,
        fallbackUrls: [],
      },
      msix: null,
    });
    expect(await make("tools", json, 200)).toEqual(made);
    await make("tools", { ...json, msi: { ...json.msi, context: "user" } }, 409);
    await make("tools", { ...json, msi: null, channel: "reported" }, 409);
  });

  test("is written so that a gateway of before takes what it knows", async () => {
    await make("both", { id: "both-xap", version: "0.1", file: file("a.xap") });
    const [row] = harness.database.connection
      .prepare("SELECT body FROM policy_records WHERE kind = 'revision' AND id = ?")
      .rows("both-xap");
    const written = JSON.parse(String(row?.[0]));
    expect(Object.keys(written)).toContain("file");
    expect(Object.keys(written)).not.toContain("msi");
    expect(Object.keys(written)).not.toContain("msix");
  });

  test.each<[string, Json, string[]]>([
    ["no product code", { msi: null, channel: "EnterpriseDesktopAppManagement" }, ["/msi"]],
    ["a code that is no GUID", { msi: { productCode: "tools" } }, ["/msi/productCode"]],
    [
      "two wrong codes",
      { msi: { productCode: "1", upgradeCode: "2" } },
      ["/msi/productCode", "/msi/upgradeCode"],
    ],
    [
      "an address of another kind",
      { msi: { productCode: CODE, fallbackUrls: ["ftp://x/y"] } },
      ["/msi/fallbackUrls/0"],
    ],
    ["a field that nobody knows", { msi: { productCode: CODE, silent: true } }, ["/msi/silent"]],
    ["another kind of file", { msi: { productCode: CODE }, file: "a.msix" }, ["/file"]],
    [
      "no file",
      { msi: { productCode: CODE }, file: null, channel: "EnterpriseDesktopAppManagement" },
      ["/file"],
    ],
    [
      "another provider",
      { msi: { productCode: CODE }, channel: "EnterpriseModernAppManagement" },
      ["/file", "/msi", "/msix"],
    ],
  ])("is refused with %s", async (_, change, pointers) => {
    const name = change.file === undefined ? "a.msi" : change.file;
    const json = { version: "1.0", ...change, file: name === null ? null : file(name) };
    expect(pointersOf(await make("tools", json, 422))).toEqual(pointers);
  });

  test("is for Windows", async () => {
    const json = { version: "1.0", file: file("a.msi"), msi: { productCode: CODE } };
    const channel = "EnterpriseDesktopAppManagement";
    expect(pointersOf(await make("ios", { ...json, channel }, 422))).toEqual(["/channel"]);
  });
});

describe("a revision of a packaged app", () => {
  test("takes its family from the full name, and names its dependencies' files", async () => {
    const made = await make("tools", {
      version: "1.2.0.0",
      file: file("a.msix"),
      msix: { fullName: FULL, dependencies: [file("vclibs.appx")] },
    });
    expect(made).toMatchObject({
      channel: "EnterpriseModernAppManagement",
      msix: {
        familyName: FAMILY,
        fullName: FULL,
        context: "device",
        dependencies: [{ sha256: files["vclibs.appx"], name: "vclibs.appx", bytes: 11 }],
        deploymentOptions: 0,
      },
    });
  });

  test("an APPX is for PCs, for phones, or for both by both of its names", async () => {
    const json = { version: "3.0.0.0", file: file("a.appx") };
    const forPcs = await make("tools", { ...json, msix: { familyName: FAMILY } });
    expect(forPcs.channel).toBe("EnterpriseModernAppManagement");
    const forPhones = await make("both", { ...json, id: "both-phones" });
    expect(forPhones).toMatchObject({ channel: "EnterpriseAppManagement", msix: null });
    const forBoth = await make("both", { ...json, id: "both-3", msix: { familyName: FAMILY } });
    expect(forBoth).toMatchObject({
      channel: "EnterpriseAppManagement",
      msix: { familyName: FAMILY },
    });
  });

  test.each<[string, Json, string[]]>([
    ["no name", { msix: {} }, ["/msix/familyName"]],
    ["a name that is none", { msix: { familyName: "Contoso.App" } }, ["/msix/familyName"]],
    [
      "a full name that is none",
      { msix: { fullName: FAMILY } },
      ["/msix/familyName", "/msix/fullName"],
    ],
    [
      "names of two apps",
      { msix: { familyName: FAMILY.replace("App", "Other"), fullName: FULL } },
      ["/msix/fullName"],
    ],
    [
      "a full name of another version",
      { version: "9.0.0.0", msix: { fullName: FULL } },
      ["/msix/fullName"],
    ],
    [
      "a dependency that nobody sent",
      { msix: { familyName: FAMILY, dependencies: [{ sha256: "0".repeat(64) }] } },
      ["/msix/dependencies/0/sha256"],
    ],
    [
      "too many options",
      { msix: { familyName: FAMILY, deploymentOptions: 256 } },
      ["/msix/deploymentOptions"],
    ],
  ])("is refused with %s", async (_, change, pointers) => {
    const json = { version: "1.2.0.0", file: file("a.msix"), ...change };
    expect(pointersOf(await make("tools", json, 422))).toEqual(pointers);
  });
});

describe("what a packaged app says of itself", () => {
  const upload = async (name: string, body: Uint8Array<ArrayBuffer>) => {
    const { headers } = kit;
    const answer = await harness.ask("POST", `/files?name=${name}`, { headers, body });
    return ((await answer.json()) as Json).sha256 as string;
  };

  test("is read from its manifest, names and hashes included", async () => {
    const bytes = await sampleMsix({ dependencies: ["Contoso.VCLibs"] });
    const sha256 = await upload("shop.msix", bytes);
    expect(await kit.want(200, "GET", `/files/${sha256}/contents`)).toMatchObject({
      kind: "appx",
      name: "Contoso Shop",
      publisher: "Contoso",
      version: "1.0.0.0",
      architecture: "x64",
      problem: null,
      warnings: [],
      appx: {
        familyName: FAMILY,
        fullName: "Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe",
        isFramework: false,
        minimumOsVersion: "10.0.17763.0",
        dependencies: [
          {
            name: "Contoso.VCLibs",
            familyName: "Contoso.VCLibs_8wekyb3d8bbwe",
            minimumVersion: "14.0.0.0",
          },
        ],
      },
    });
  });

  test("an MSI says its codes and files, under whatever name", async () => {
    const files = [{ name: "app.exe", bytes: 7, version: "1.0.0.0" }];
    const sha256 = await upload("shop.zip", sampleMsi({ files }));
    const found = await kit.want(200, "GET", `/files/${sha256}/contents`);
    expect(found).toMatchObject({
      kind: "msi",
      name: "Käse Shop",
      msi: { productCode: PRODUCT_CODE, upgradeCode: UPGRADE_CODE },
      members: { count: 1, listed: [{ path: "app.exe", bytes: 7, version: "1.0.0.0" }] },
    });
    expect(found.warnings[0]).toContain("It is called shop.zip, but its bytes are those of");
    expect(await kit.want(200, "GET", `/files/${sha256}/contents`)).toEqual(found);
  });

  test("of many files inside the first are listed", async () => {
    const inside = Array.from({ length: 300 }, (_, n) => ({ path: `${n}.txt`, content: "" }));
    const sha256 = await upload("many.cab", sampleCab({ folders: [inside] }));
    const { members } = await kit.want(200, "GET", `/files/${sha256}/contents`);
    expect([members.count, members.listed.length]).toEqual([300, MEMBERS_LISTED_MAX]);
  });

  test("one that is none says so, one that is not here is not found", async () => {
    const found = await kit.want(200, "GET", `/files/${files["a.msix"]}/contents`);
    expect(found).toMatchObject({ kind: "other", problem: null });
    expect(found.warnings[0]).toContain("It is called a.msix, but");
    const cut = await upload("cut.cab", sampleCab({ folders: [] }).slice(0, 30) as never);
    expect(await kit.want(200, "GET", `/files/${cut}/contents`)).toMatchObject({
      kind: "cab",
      problem: { rule: "file-truncated" },
    });
    await kit.want(404, "GET", `/files/${"0".repeat(64)}/contents`);
    await kit.want(404, "GET", "/files/nothing/contents");
  });
});

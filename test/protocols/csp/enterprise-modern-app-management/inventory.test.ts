import { describe, expect, test } from "bun:test";
import {
  readFamilies,
  readPackageInventory,
} from "../../../../protocols/csp/enterprise-modern-app-management/inventory.ts";
import {
  parseFamilyName,
  parseFullName,
} from "../../../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import { readInstallationStatus } from "../../../../protocols/csp/enterprise-modern-app-management/values.ts";
import { PRODUCTS_MAX } from "../../../../protocols/csp/inventory.ts";
import type { Item } from "../../../../protocols/syncml/message.ts";

const FAMILY = "Contoso.App_8wekyb3d8bbwe";
const FULL = "Contoso.App_1.2.0.0_x64__8wekyb3d8bbwe";
const MANAGEMENT = "./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement";
const results = (xml: string): Item[] => [
  { source: `${MANAGEMENT}/AppInventoryResults`, meta: { format: "xml" }, data: xml },
];
const names = (items: readonly Item[]) =>
  readPackageInventory(items).products.map(({ productId, version }) => `${productId} ${version}`);

describe("readPackageInventory()", () => {
  test("reads AppInventoryResults with attributes", () => {
    const { products, warnings } = readPackageInventory(
      results(
        `<Results><Package PackageFamilyName="${FAMILY}" PackageFullName="${FULL}" Name="Contoso.App"
          Version="1.2.0.0" Publisher="CN=Contoso" InstallDate="2024-02-29-10:11:12" Users="2"/></Results>`,
      ),
    );
    expect(products).toEqual([
      {
        productId: FAMILY,
        fullName: FULL,
        version: "1.2.0.0",
        title: "Contoso.App",
        publisher: "CN=Contoso",
        installDate: "2024-02-29T10:11:12Z",
        installDateRaw: "2024-02-29-10:11:12",
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test.each([
    [
      "a family around its packages",
      `<Apps><PackageFamily PackageFamilyName="${FAMILY}"><PackageFullName PackageFullName="${FULL}"/></PackageFamily></Apps>`,
    ],
    [
      "values as elements",
      `<Apps><App><PackageFamilyName>${FAMILY}</PackageFamilyName><PackageFullName>${FULL}</PackageFullName></App></Apps>`,
    ],
    ["a full name alone", `<P PackageFullName="${FULL}"/>`],
  ])("reads %s", (_, xml) => {
    expect(names(results(xml))).toEqual([`${FAMILY} 1.2.0.0`]);
  });

  test("frameworks are no apps, staged is not installed, a bundle yields to its main package", () => {
    const users = (text: string) => results(`<P PackageFullName="${FULL}" Users="${text}"/>`);
    expect(names(results(`<P PackageFullName="${FULL}" IsFramework="1"/>`))).toEqual([]);
    for (const staged of ["1", "0", "S-1-5-18: Staged", "S-1-5-18:1, S-1-5-21-7:0"]) {
      expect(names(users(staged))).toEqual([]);
    }
    for (const installed of [
      "2",
      "6",
      "",
      "S-1-5-18:1, S-1-5-21-7:2",
      "S-1-5-21-7 [Ann]: Installed",
    ]) {
      expect(names(users(installed))).toEqual([`${FAMILY} 1.2.0.0`]);
    }
    expect(names(results(`<P PackageFullName="${FULL}" Users="1" IsProvisioned="1"/>`))).toEqual([
      `${FAMILY} 1.2.0.0`,
    ]);
    const bundle = `<P PackageFullName="Contoso.App_2024.1.0.0_neutral_~_8wekyb3d8bbwe" IsBundle="1"/>`;
    const main = `<P PackageFullName="${FULL}" IsBundle="0"/>`;
    expect(names(results(`<R>${bundle}${main}</R>`))).toEqual([`${FAMILY} 1.2.0.0`]);
    expect(names(results(`<R>${main}${bundle}</R>`))).toEqual([`${FAMILY} 1.2.0.0`]);
    expect(names(results(`<R>${bundle}</R>`))).toEqual([`${FAMILY} 2024.1.0.0`]);
  });

  test("reads a tree, and the names that plain Gets answer", () => {
    const at = `${MANAGEMENT}/nonStore/${FAMILY}`;
    const tree: Item[] = [
      { source: at, meta: { format: "node" } },
      { source: `${at}/${FULL}`, meta: { format: "node" } },
      { source: `${at}/${FULL}/Version`, data: "1.2.0.0" },
      { source: `${at}/${FULL}/Users`, data: "2" },
    ];
    expect(names(tree)).toEqual([`${FAMILY} 1.2.0.0`]);
    expect(names([...tree, { source: `${at}/${FULL}/IsFramework`, data: "1" }])).toEqual([]);
    const answer = { source: at, meta: { format: "node" }, data: `${FULL}/DoNotUpdate` };
    expect(names([answer])).toEqual([`${FAMILY} 1.2.0.0`]);
    expect(readFamilies(`${FAMILY}/nonsense/Other.App_8wekyb3d8bbwe`)).toEqual([
      FAMILY,
      "Other.App_8wekyb3d8bbwe",
    ]);
  });

  test("says what was odd, and never fails", () => {
    const tampered = readPackageInventory(
      results(`<P PackageFullName="${FULL}" PackageStatus="4" InstallDate="yesterday"/>`),
    );
    expect(tampered.products).toHaveLength(1);
    expect(tampered.warnings).toEqual([
      `${FULL} has PackageStatus 4`,
      `InstallDate "yesterday" of ${FAMILY} is no date`,
    ]);
    for (const broken of ["<R>", "no xml", "<!DOCTYPE x><R/>", '<P PackageFullName="x"/>']) {
      const { products, warnings } = readPackageInventory(results(broken));
      expect(products).toEqual([]);
      expect(warnings).toHaveLength(1);
    }
    expect(readPackageInventory(results("")).warnings).toEqual([]);
    expect(readPackageInventory([{ source: "./DevInfo", data: "<P/>" }]).products).toEqual([]);
  });

  test("has a limit", () => {
    const many = Array.from(
      { length: PRODUCTS_MAX + 1 },
      (_, n) => `<P PackageFullName="App${n}_1.0.0.0_x64__8wekyb3d8bbwe"/>`,
    );
    expect(names(results(`<R>${many.join("")}</R>`))).toHaveLength(PRODUCTS_MAX);
  });
});

describe("package names", () => {
  test("come apart", () => {
    expect(parseFullName(FULL)).toEqual({
      familyName: FAMILY,
      name: "Contoso.App",
      version: "1.2.0.0",
      architecture: "x64",
      resourceId: "",
    });
    expect(parseFullName("Contoso.App_1.2.0.0_Neutral_~_8WEKYB3D8BBWE")?.familyName).toBe(FAMILY);
    expect(parseFamilyName(` ${FAMILY.toUpperCase()} `)).toBe("CONTOSO.APP_8wekyb3d8bbwe");
  });

  test.each([
    "",
    "Contoso.App",
    "Contoso.App_8wekyb3d8bbw",
    "a_8wekyb3d8bbwe",
    `${FAMILY}_x`,
    FULL,
  ])("%p is no family", (text) => {
    expect(parseFamilyName(text)).toBeUndefined();
  });

  test.each(["", FAMILY, FULL.replace("1.2.0.0", "1.2"), FULL.replace("x64", "z80"), `${FULL}_`])(
    "%p is no full name",
    (text) => {
      expect(parseFullName(text)).toBeUndefined();
    },
  );
});

describe("readInstallationStatus()", () => {
  test("knows the four statuses by number and by name", () => {
    expect(["0", "1", " 2 ", "INSTALLED"].map(readInstallationStatus)).toEqual([
      "0",
      "1",
      "2",
      "3",
    ]);
    expect(["", "4", "-1", "DONE"].map(readInstallationStatus)).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
  });
});

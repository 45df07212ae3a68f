import { describe, expect, test } from "bun:test";
import { readInventory } from "../../../../protocols/csp/enterprise-app-management/inventory.ts";
import { inventoryUri } from "../../../../protocols/csp/enterprise-app-management/uris.ts";
import { parseInstallDate } from "../../../../protocols/csp/install-date.ts";
import { PRODUCTS_MAX, readProductIds } from "../../../../protocols/csp/inventory.ts";
import { decodeDocument } from "../../../../protocols/syncml/decode-message.ts";
import type { Item } from "../../../../protocols/syncml/message.ts";
import { parseXml } from "../../../../protocols/syncml/parse-xml.ts";
import { loadFixtures } from "../../syncml/fixtures.ts";

const EID = "4000000001";
const APP = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const OTHER = "{B0322158-C3C2-44EB-8A31-D14A9FEC450E}";

async function printedItems(name: string): Promise<readonly Item[]> {
  const fixtures = await loadFixtures("fragments", ".json");
  const fixture = fixtures.find(({ file }) => file === `${name}.xml`);
  const [command] = decodeDocument(parseXml(fixture?.bytes ?? "")).commands;
  return command !== undefined && "items" in command ? command.items : [];
}

const leaf = (app: string, name: string, data: string): Item => ({
  source: inventoryUri(EID, app, name),
  data,
});

describe("readInventory()", () => {
  test("reads the documentation's example: two apps, the last value, one warning [S-36]", async () => {
    const { products, warnings } = readInventory(await printedItems("results-inventory"));
    const nothing = { version: null, title: null, publisher: null };
    expect(products).toEqual([
      { productId: APP, ...nothing, installDate: null, installDateRaw: null },
      {
        productId: OTHER,
        version: "1.0.0.0",
        title: "Sample2",
        publisher: "Contoso",
        installDate: "2012-10-31T21:23:31Z",
        installDateRaw: "2012-10-31T21:23:31Z",
      },
    ]);
    expect(warnings).toHaveLength(1);
    for (const name of ["Version", "Title", "Publisher", "InstallDate"]) {
      expect(warnings[0]).toContain(inventoryUri(EID, OTHER, name));
    }
  });

  test("reads a blank inside the braces with a warning [E-071, Q42]", async () => {
    const { products, warnings } = readInventory(await printedItems("results-store-app"));
    expect(products.map(({ productId }) => productId)).toEqual([
      "{D5DC1EBB-A7F1-DF11-9264-00237DE2DB9E}",
    ]);
    expect(warnings).toEqual([
      '"{ D5DC1EBB-A7F1-DF11-9264-00237DE2DB9E}" was read as {D5DC1EBB-A7F1-DF11-9264-00237DE2DB9E}',
    ]);
  });

  test("takes GUIDs of any case for one app", () => {
    const items = [leaf(APP.toLowerCase(), "Version", "1"), leaf(APP, "Title", "t")];
    expect(readInventory(items)).toMatchObject({
      products: [{ productId: APP, version: "1", title: "t" }],
      warnings: [],
    });
  });

  test("reads app by app, walked with plain Gets", () => {
    const list = { source: inventoryUri(EID), meta: { format: "node" }, data: "%7Bx%7D" };
    const items = [list, leaf(APP, "Version", " 1.2 "), leaf(OTHER, "Version", "3")];
    const { products, warnings } = readInventory(items);
    expect(products.map(({ version }) => version)).toEqual(["1.2", "3"]);
    expect(warnings).toEqual(['"{x}" is no product id']);
  });

  test("passes over what is elsewhere, unknown leaves and items without Source", () => {
    const items = [
      { data: "x" },
      { source: "./DevInfo/Man", data: "x" },
      { source: `${inventoryUri(EID, APP)}/Colour`, data: "red" },
      { source: inventoryUri(EID, APP).replace("Inventory", "Download"), data: "x" },
    ];
    expect(readInventory(items)).toMatchObject({ products: [{ productId: APP }], warnings: [] });
  });

  test("says which date it could not read, and keeps its text", () => {
    const { products, warnings } = readInventory([leaf(APP, "InstallDate", "yesterday")]);
    expect(products[0]).toMatchObject({ installDate: null, installDateRaw: "yesterday" });
    expect(warnings).toEqual([`InstallDate "yesterday" of ${APP} is no date`]);
  });

  test("keeps apps only up to its limit", () => {
    const guid = (n: number) => `{00000000-0000-0000-0000-${String(n).padStart(12, "0")}}`;
    const items = Array.from({ length: PRODUCTS_MAX + 1 }, (_, n) => leaf(guid(n), "Version", "1"));
    expect(readInventory(items).products).toHaveLength(PRODUCTS_MAX);
  });
});

describe("readProductIds()", () => {
  test("reads escaped and plain names, and passes over what is no app", () => {
    expect(readProductIds(`%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D/${OTHER}/x`)).toEqual([
      APP,
      OTHER,
    ]);
    expect(readProductIds("")).toEqual([]);
  });
});

describe("parseInstallDate() [Q41]", () => {
  test.each([
    ["2012-10-30T21:09:52Z", "2012-10-30T21:09:52Z"],
    ["2012-10-30-21:09:52", "2012-10-30T21:09:52Z"],
    ["2012-10-30 21:09:52", "2012-10-30T21:09:52Z"],
    ["20121030T210952Z", "2012-10-30T21:09:52Z"],
    ["2012-10-30T21:09:52.123Z", "2012-10-30T21:09:52Z"],
    ["2012-10-30T23:09:52+02:00", "2012-10-30T21:09:52Z"],
    ["2012-10-30T16:39:52-0430", "2012-10-30T21:09:52Z"],
    [" 2012-02-29T00:00 ", "2012-02-29T00:00:00Z"],
  ])("%p is %p", (text, date) => {
    expect(parseInstallDate(text)).toBe(date);
  });

  test.each([
    "",
    "yesterday",
    "2012-13-01T00:00:00Z",
    "2013-02-29T00:00:00Z",
    "2012-10-30",
    "30.10.2012 21:09",
    "2012-10-30T25:00:00Z",
  ])("%p is none", (text) => {
    expect(parseInstallDate(text)).toBeUndefined();
  });
});

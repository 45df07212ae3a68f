import { describe, expect, test } from "bun:test";
import { allows, NODE_SHAPES, parseAppPath } from "../../../devices/simulator/app-nodes.ts";
import { type AppState, EMPTY_APP_STATE } from "../../../devices/simulator/app-state.ts";
import { executeOnTree } from "../../../devices/simulator/app-tree.ts";
import type { TreeRequest } from "../../../protocols/oma-dm/carry-out.ts";

const P1 = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const STORE = "{D5DC1EBB-A7F1-DF11-9264-00237DE2DB9E}";
const ROOT = "./Vendor/MSFT/EnterpriseAppManagement";
const E = `${ROOT}/4000000001`;
const DOWNLOAD = `${E}/EnterpriseApps/Download/${encodeURIComponent(P1)}`;
const INVENTORY = `${E}/EnterpriseApps/Inventory/${encodeURIComponent(P1)}`;
const NOW = Date.UTC(2026, 0, 1);

const run = (
  state: AppState,
  command: TreeRequest["command"],
  uri: string,
  data = "",
  structData = true,
) => executeOnTree(state, { command, uri, data }, { nowMs: NOW, structData });

/** A device that is enrolled, with an app of ours, a store app and a download node. */
const ENROLLED: AppState = {
  enterprise: {
    id: "4000000001",
    token: "T1",
    criteria: "CN%3Ddevice",
    crlCheck: "0",
    storeProductId: P1,
    storeUri: "https://apps.example.com/hub.xap",
    status: 0,
  },
  inventory: new Map([
    [
      P1,
      { version: "1.0.0.0", title: "A", publisher: "P", installedAtMs: NOW, origin: "enterprise" },
    ],
    [STORE, { version: "3", title: "S", publisher: "M", installedAtMs: NOW, origin: "store" }],
  ]),
  downloads: new Map([
    [
      P1,
      {
        version: "2.0.0.0",
        name: "A",
        url: "http://site/content/a.xap",
        armed: true,
        status: 2,
        lastError: -2147012889,
        lastErrorText: "x",
        changedAtMs: NOW,
      },
    ],
  ]),
};

/** requirements section 6, on a device that has every node: Get, Replace, Delete, Exec. */
const EXPECTED: Readonly<Record<string, readonly [number, number, number, number]>> = {
  "*": [200, 405, 200, 405],
  "*/EnrollmentToken": [200, 200, 405, 405],
  "*/StoreProductID": [200, 405, 405, 405],
  "*/StoreProductID/ProductId": [200, 405, 405, 405],
  "*/StoreUri": [200, 405, 405, 405],
  "*/CertificateSearchCriteria": [200, 405, 405, 405],
  "*/Status": [200, 405, 405, 405],
  "*/CRLCheck": [200, 200, 405, 405],
  "*/EnterpriseApps": [200, 405, 405, 405],
  "*/EnterpriseApps/Inventory": [200, 405, 405, 405],
  "*/EnterpriseApps/Inventory/*": [200, 405, 200, 405],
  "*/EnterpriseApps/Inventory/*/Version": [200, 405, 405, 405],
  "*/EnterpriseApps/Inventory/*/Title": [200, 405, 405, 405],
  "*/EnterpriseApps/Inventory/*/Publisher": [200, 405, 405, 405],
  "*/EnterpriseApps/Inventory/*/InstallDate": [200, 405, 405, 405],
  "*/EnterpriseApps/Download": [200, 405, 405, 405],
  "*/EnterpriseApps/Download/*": [200, 200, 405, 405],
  "*/EnterpriseApps/Download/*/Version": [200, 200, 405, 405],
  "*/EnterpriseApps/Download/*/Name": [200, 200, 405, 405],
  "*/EnterpriseApps/Download/*/URL": [200, 200, 405, 405],
  "*/EnterpriseApps/Download/*/Status": [200, 200, 405, 405],
  "*/EnterpriseApps/Download/*/LastError": [200, 405, 405, 405],
  "*/EnterpriseApps/Download/*/LastErrorDesc": [200, 405, 405, 405],
  "*/EnterpriseApps/Download/*/DownloadInstall": [405, 405, 405, 202],
};

function uriOf(node: string): string {
  const [, ...rest] = node.split("/");
  return [E, ...rest.map((part) => (part === "*" ? encodeURIComponent(P1) : part))].join("/");
}

describe("executeOnTree(): the table of commands", () => {
  test.each(Object.entries(EXPECTED))("%s", (node, expected) => {
    const data = node.endsWith("URL") ? "http://site/b.xap" : "1";
    const codes = (["Get", "Replace", "Delete", "Exec"] as const).map(
      (verb) => run(ENROLLED, verb, uriOf(node), data).code,
    );
    expect(codes).toEqual([...expected]);
  });

  test("has every node of the specification", () => {
    expect(Object.keys(EXPECTED)).toEqual([...NODE_SHAPES]);
  });

  test.each(
    NODE_SHAPES.filter((node) => {
      const path = parseAppPath(uriOf(node));
      return path !== undefined && allows(path, "Add");
    }),
  )("Add of %s works when it is absent and is 418 when it is there", (node) => {
    const data = node.endsWith("URL") ? "http://site/b.xap" : "1";
    const absent: AppState = node.includes("Download")
      ? { ...ENROLLED, downloads: new Map() }
      : EMPTY_APP_STATE;
    const added = run(absent, "Add", uriOf(node), data);
    expect(added.code).toBe(200);
    expect(run(added.state, "Add", uriOf(node), data).code).toBe(418);
  });
});

describe("executeOnTree()", () => {
  test("a command that fails changes nothing", () => {
    for (const [verb, uri, data] of [
      ["Replace", `${E}/EnrollmentToken`, "invalid token"],
      ["Replace", `${E}/CRLCheck`, "2"],
      ["Replace", `${DOWNLOAD}/URL`, "not an address"],
      ["Delete", `${E}/EnterpriseApps/Inventory/${encodeURIComponent(STORE)}`, ""],
      ["Add", `${ROOT}/5000000001/EnrollmentToken`, "T"],
    ] as const) {
      const answer = run(ENROLLED, verb, uri, data);
      expect(answer.code).toBeGreaterThanOrEqual(400);
      expect(answer.state).toBe(ENROLLED);
    }
  });

  test.each([
    ["a missing slash", `${E}/EnterpriseApps/Download${encodeURIComponent(P1)}/DownloadInstall`],
    ["a blank inside the braces", INVENTORY.replace("%7B", "%7B ")],
    ["no GUID", `${E}/EnterpriseApps/Inventory/app`],
    ["another organisation", `${ROOT}/4000000002/EnterpriseApps/Inventory`],
    ["an unknown node", `${E}/EnterpriseApps/Upload`],
    ["a broken escape", `${E}/EnterpriseApps/Inventory/%7`],
    ["another tree", "./Vendor/MSFT/Other/1"],
  ])("a path with %s is 404", (_name, uri) => {
    expect(run(ENROLLED, "Get", uri).code).toBe(404);
  });

  test("blanks and newlines around a path are trimmed; GUIDs ignore case", () => {
    expect(
      run(
        ENROLLED,
        "Get",
        `\n   ${INVENTORY.toLowerCase().replace("./vendor/msft/enterpriseappmanagement", ROOT).replace("enterpriseapps/inventory", "EnterpriseApps/Inventory")} \n`,
      ).code,
    ).toBe(200);
  });

  test("an interior node reads as its children", () => {
    const [leaf] = run(ENROLLED, "Get", INVENTORY).nodes;
    expect(leaf).toEqual({
      uri: INVENTORY,
      format: "node",
      data: "Version/Title/Publisher/InstallDate",
    });
  });

  test("StructData lists interior nodes first, then every leaf, without the query", () => {
    const { code, nodes: leaves } = run(
      ENROLLED,
      "Get",
      `${E}/EnterpriseApps/Inventory?list=StructData`,
    );
    expect(code).toBe(200);
    expect(leaves.map(({ format }) => format)).toEqual([
      ...Array.from({ length: 3 }, () => "node"),
      ...Array.from({ length: 8 }, () => "chr"),
    ]);
    expect(leaves.filter(({ uri }) => uri.includes("?"))).toEqual([]);
    expect(leaves.find(({ uri }) => uri === `${INVENTORY}/InstallDate`)?.data).toBe(
      "2026-01-01T00:00:00Z",
    );
  });

  test("a device without StructData answers 406", () => {
    const uri = `${E}/EnterpriseApps/Inventory?list=StructData`;
    expect(run(ENROLLED, "Get", uri, "", false).code).toBe(406);
  });

  test("unenrolment takes the organisation's apps, not the store's, and then knows nothing", () => {
    const { state } = run(ENROLLED, "Delete", E);
    expect([...state.inventory.keys()]).toEqual([STORE]);
    expect(run(state, "Get", `${E}/Status`).code).toBe(404);
    expect(run(state, "Add", `${DOWNLOAD}/Name`, "A").code).toBe(404);
  });

  test("a written Status is taken and changes nothing", () => {
    const { code, state } = run(ENROLLED, "Replace", `${DOWNLOAD}/Status`, "5");
    expect(code).toBe(200);
    expect(run(state, "Get", `${DOWNLOAD}/Status`).nodes[0]?.data).toBe("2");
  });

  test("LastError is a signed number", () => {
    expect(run(ENROLLED, "Get", `${DOWNLOAD}/LastError`).nodes[0]?.data).toBe("-2147012889");
  });
});

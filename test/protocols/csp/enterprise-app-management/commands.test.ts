import { describe, expect, test } from "bun:test";
import {
  addDownload,
  deleteEnterprise,
  deleteInventoryNode,
  enrolEnterprise,
  executeDownload,
  getDownloadNode,
  getEnterpriseStatus,
  getInventory,
  getInventoryNode,
  pushAtomic,
  replaceDownload,
  replaceEnrollmentToken,
} from "../../../../protocols/csp/enterprise-app-management/commands.ts";
import { CommandNumbers, numberCommand } from "../../../../protocols/oma-dm/number-commands.ts";
import type { OutgoingCommand } from "../../../../protocols/oma-dm/outgoing-command.ts";
import { decodeDocument } from "../../../../protocols/syncml/decode-message.ts";
import type { Command } from "../../../../protocols/syncml/message.ts";
import { parseXml } from "../../../../protocols/syncml/parse-xml.ts";
import { loadFixtures } from "../../syncml/fixtures.ts";

const EID = "4000000001";
const APP = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const STORE_APP = "{D5DC1EBB-A7F1-DF11-9264-00237DE2DB9E}";
const printed = new Map<string, Command | undefined>();
for (const { name, encoding, bytes } of await loadFixtures("fragments", ".json")) {
  if (encoding === "xml") printed.set(name, decodeDocument(parseXml(bytes)).commands[0]);
}

/** A command with the numbers taken away, so that only what it says is compared. */
function said(command: Command | OutgoingCommand | undefined): unknown {
  const numbered =
    command !== undefined && "tag" in command
      ? numberCommand(command, 1, new CommandNumbers()).command
      : command;
  const text = JSON.stringify(numbered, (key, value) => (key === "cmdId" ? undefined : value));
  return JSON.parse(text);
}

const DOWNLOAD = {
  productId: APP,
  name: "ContosoApp1",
  url: "http://contoso.com/enterpriseapps/ContosoApp1.xap",
  version: "2.0.0.0",
};

describe("commands say what the documentation's examples say", () => {
  const enrolment = {
    enrollmentToken: "InsertTokenHere",
    certificateSearchCriteria: "SearchCriteriaInsertedHere",
    crlCheck: null,
  };
  test.each<[string, OutgoingCommand]>([
    ["add-enrolment", enrolEnterprise("t", EID, enrolment)],
    ["replace-token", replaceEnrollmentToken("t", EID, "InsertUpdaedTokenHere")],
    ["get-inventory", getInventory("t", EID, "StructData")],
    ["delete-product", deleteInventoryNode("t", EID, APP)],
  ])("%s", (name, command) => {
    expect(said(command)).toEqual(said(printed.get(name)));
  });

  test("atomic-install, with the slash it lacks [E-083, E-090]", () => {
    const atomic = pushAtomic("t", [
      addDownload("a", EID, DOWNLOAD),
      executeDownload("e", EID, APP),
    ]);
    const example = JSON.stringify(said(printed.get("atomic-install")));
    expect(said(atomic)).toEqual(JSON.parse(example.replace("Download%7B", "Download/%7B")));
  });

  test("get-store-app, without the blank it has [E-071]", () => {
    const example = JSON.stringify(said(printed.get("get-store-app")));
    expect(said(getInventoryNode("t", EID, STORE_APP))).toEqual(
      JSON.parse(example.replace("%7B D5", "%7BD5")),
    );
  });
});

describe("commands", () => {
  test("the Replace form leaves DownloadInstall alone [E-087]", () => {
    const { name, items } = replaceDownload("t", EID, DOWNLOAD);
    expect(name).toBe("Replace");
    expect(items.map(({ target }) => target?.split("/").at(-1))).toEqual([
      "Name",
      "URL",
      "Version",
    ]);
  });

  test("enrolment names only what there is", () => {
    const items = (criteria: string | null, crlCheck: "0" | "1" | null) =>
      enrolEnterprise("t", EID, {
        enrollmentToken: "x",
        certificateSearchCriteria: criteria,
        crlCheck,
      }).items.map(({ target, data }) => `${target?.split("/").at(-1)}=${data}`);
    expect(items(null, null)).toEqual(["EnrollmentToken=x"]);
    expect(items("c", "0")).toEqual([
      "EnrollmentToken=x",
      "CertificateSearchCriteria=c",
      "CRLCheck=0",
    ]);
  });

  test("the others name one node each", () => {
    const target = ({
      name,
      items,
    }: {
      name: string;
      items: readonly { target?: string | undefined }[];
    }) => `${name} ${items[0]?.target?.replace("./Vendor/MSFT/EnterpriseAppManagement/", "")}`;
    const product = "%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D";
    expect(target(deleteEnterprise("t", EID))).toBe("Delete 4000000001");
    expect(target(getEnterpriseStatus("t", EID))).toBe("Get 4000000001/Status");
    expect(target(getInventory("t", EID, "children"))).toBe(
      "Get 4000000001/EnterpriseApps/Inventory",
    );
    expect(target(getDownloadNode("t", EID, APP, "LastError"))).toBe(
      `Get 4000000001/EnterpriseApps/Download/${product}/LastError`,
    );
    expect(target(getInventoryNode("t", EID, APP, "Title"))).toBe(
      `Get 4000000001/EnterpriseApps/Inventory/${product}/Title`,
    );
  });
});

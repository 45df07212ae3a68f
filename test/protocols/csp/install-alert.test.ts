import { describe, expect, test } from "bun:test";
import { readInstallAlert } from "../../../protocols/csp/install-alert.ts";
import { decodeDocument } from "../../../protocols/syncml/decode-message.ts";
import type { Item } from "../../../protocols/syncml/message.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";

const PRODUCT = "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}";
const FAMILY = "Contoso.App_8wekyb3d8bbwe";

function alert(code: number, source: string, type: string, data: string): Item | undefined {
  const xml = `<Alert><CmdID>4</CmdID><Data>${code}</Data><Item><Source><LocURI>${source}</LocURI></Source>
    <Meta><Type xmlns="syncml:metinf">${type}</Type><Format xmlns="syncml:metinf">int</Format>
    <Mark xmlns="syncml:metinf">informational</Mark></Meta><Data>${data}</Data></Item></Alert>`;
  const [command] = decodeDocument(parseXml(xml)).commands;
  return command?.name === "Alert" ? command.items[0] : undefined;
}

const MSI = `./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/${PRODUCT}/DownloadInstall`;
const MSI_TYPE = "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install";
const HOSTED = `./User/Vendor/MSFT/EnterpriseModernAppManagement/AppInstallation/${FAMILY}/HostedInstall`;
const HOSTED_TYPE = "Reversed-Domain-Name: com.microsoft.mdm.EnterpriseHostedAppInstall.result";
const REMOVED = `./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/${FAMILY}`;
const REMOVED_TYPE = "Reversed-Domain-Name:com.microsoft.mdm.EnterpriseAppUninstall.result";

describe("readInstallAlert()", () => {
  test.each([1224, 1226])("reads the documentation's MSI alert, sent as %p", (code) => {
    const item = alert(code, MSI, MSI_TYPE, "0");
    expect(item && readInstallAlert(item)).toEqual({
      what: "installed",
      provider: "EnterpriseDesktopAppManagement",
      context: "device",
      product: PRODUCT,
      hresult: 0,
    });
  });

  test("reads escaped braces and a failure", () => {
    const escaped = MSI.replace(PRODUCT, encodeURIComponent(PRODUCT.toLowerCase()));
    const item = alert(1224, escaped, MSI_TYPE, "-2147023293");
    expect(item && readInstallAlert(item)).toMatchObject({
      product: PRODUCT,
      hresult: -2147023293,
    });
  });

  test("reads the end of a hosted installation, with a blank in its type", () => {
    const item = alert(1226, HOSTED, HOSTED_TYPE, "0");
    expect(item && readInstallAlert(item)).toEqual({
      what: "installed",
      provider: "EnterpriseModernAppManagement",
      context: "user",
      product: FAMILY,
      hresult: 0,
    });
  });

  test("reads a removal, with an origin in its address or without", () => {
    for (const source of [REMOVED, REMOVED.replace(FAMILY, `nonStore/${FAMILY}`)]) {
      const item = alert(1226, source, REMOVED_TYPE, "0");
      expect(item && readInstallAlert(item)).toMatchObject({ what: "removed", product: FAMILY });
    }
  });

  test.each([
    [MSI, "com.microsoft/MDM/LoginStatus", "user"],
    [MSI, MSI_TYPE, "well"],
    [MSI.replace(PRODUCT, "x"), MSI_TYPE, "0"],
    [HOSTED, MSI_TYPE, "0"],
    [HOSTED.replace("AppInstallation", "AppLicenses"), HOSTED_TYPE, "0"],
    ["./DevInfo", MSI_TYPE, "0"],
  ])("passes %p of %p with %p over", (source, type, data) => {
    const item = alert(1224, source, type, data);
    expect(item && readInstallAlert(item)).toBeUndefined();
  });
});

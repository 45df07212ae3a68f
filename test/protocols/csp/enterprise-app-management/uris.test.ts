import { describe, expect, test } from "bun:test";
import { isDefaultSubject } from "../../../../protocols/csp/enterprise-app-management/certificate-criteria.ts";
import {
  downloadUri,
  ENTERPRISE_ID_MAX,
  enterpriseUri,
  inventoryUri,
  parseEnterpriseId,
} from "../../../../protocols/csp/enterprise-app-management/uris.ts";
import { parseProductId } from "../../../../protocols/csp/product-id.ts";

const APP = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";

describe("LocURIs", () => {
  test("escape braces and put the slash that the documentation lost [E-089, E-090]", () => {
    expect(downloadUri("4000000001", APP, "DownloadInstall")).toBe(
      "./Vendor/MSFT/EnterpriseAppManagement/4000000001/EnterpriseApps/Download/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D/DownloadInstall",
    );
    expect(inventoryUri("4000000001")).toBe(
      "./Vendor/MSFT/EnterpriseAppManagement/4000000001/EnterpriseApps/Inventory",
    );
    expect(enterpriseUri("{a b/c}", "Status")).toEndWith("/%7Ba%20b%2Fc%7D/Status");
  });
});

describe("parseEnterpriseId()", () => {
  test.each(["4000000001", "{B316008A-141D-4A79-810F-8B764C4CFDFB}", "a b", "ü"])(
    "takes %p [Q33]",
    (id) => {
      expect(parseEnterpriseId(` ${id} `)).toBe(id);
    },
  );

  test.each(["", " ", "*", "a/b", "a?b", "a\u0001b"])("refuses %j", (id) => {
    expect(parseEnterpriseId(id)).toBeUndefined();
  });

  test("has a limit", () => {
    expect(parseEnterpriseId("x".repeat(ENTERPRISE_ID_MAX))).toBeDefined();
    expect(parseEnterpriseId("x".repeat(ENTERPRISE_ID_MAX + 1))).toBeUndefined();
  });
});

describe("parseProductId()", () => {
  test.each([APP, APP.toLowerCase(), APP.slice(1, -1), ` ${APP}\n`])("reads %j", (text) => {
    expect(parseProductId(text)).toBe(APP);
  });

  test.each(["", "{}", "{ B316008A-141D-4A79-810F-8B764C4CFDFB}", `${APP}x`, APP.slice(0, -1)])(
    "refuses %j",
    (text) => {
      expect(parseProductId(text)).toBeUndefined();
    },
  );
});

describe("isDefaultSubject() [Q46]", () => {
  const NAME = "B1C43CD0-1624-5FBB-8E54-34CF17DFD3A1";
  test.each([
    `Subject=CN%3D${NAME}\\x00`,
    `Subject=CN=${NAME}`,
    `Subject=CN%3D${NAME}%00`,
    `subject=cn=${NAME.toLowerCase()}\0`,
    `Subject= Subject=CN%3D${NAME}\\x00`,
    `Subject=CN%253D${NAME.replaceAll("-", "%2D")}`,
    `Subject=CN%3D${NAME}%zz`,
  ])("knows %j", (text) => {
    expect(isDefaultSubject(text)).toBe(true);
  });

  test.each(["Subject=CN%3DDevice-42", "", `Subject=CN%3D${NAME.slice(1)}`])(
    "lets %j pass",
    (text) => {
      expect(isDefaultSubject(text)).toBe(false);
    },
  );
});

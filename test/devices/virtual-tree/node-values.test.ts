import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { DOWNLOAD_LIFE_MS, DOWNLOADS_MAX } from "../../../devices/virtual-tree/tree-state.ts";
import { phone } from "../../harness/phone.ts";
import { EAM, P1_DOWNLOAD, P1_INVENTORY, SiteCore } from "../../harness/site-core.ts";
import { TreeSite } from "../../harness/tree-site.ts";
import { command, message, type Upstream } from "../../harness/upstream.ts";

const ROOT = "./Vendor/MSFT/EnterpriseAppManagement";
const APPLIED = `${ROOT}/DeviceValue/4000000001`;
const TOKEN = `${EAM}/EnrollmentToken`;
const CRL = `${EAM}/CRLCheck`;

let core: SiteCore;
let trees: TreeSite;
let devices = 0;
beforeAll(async () => {
  core = await SiteCore.open();
  trees = new TreeSite(core);
});
afterAll(() => core[Symbol.asyncDispose]());

/** A device that the site has not heard of yet. */
async function newUpstream(): Promise<Upstream> {
  devices += 1;
  const { id } = await core.device(`values-${devices}`);
  return trees.upstream(id);
}

describe("node values", () => {
  test("S-32 a Replace that fails keeps the value, an Add that fails makes no node", async () => {
    const upstream = await newUpstream();
    expect(await upstream.code("Add", TOKEN, "VG9rZW5PbmU=", "chr")).toBe(200);
    for (const bad of ["not a token!", "", "<x/>", "Grüße", "VG9r=ZW4x"]) {
      expect(await upstream.code("Replace", TOKEN, bad)).toBe(400);
    }
    expect(await upstream.get(TOKEN)).toBe("VG9rZW5PbmU=");
    expect(await upstream.code("Add", CRL, "2")).toBe(400);
    expect(await upstream.get(CRL)).toBe(404);
    expect(await upstream.code("Add", TOKEN, "VG9rZW5Ud28=")).toBe(418);
    expect(await upstream.get(TOKEN)).toBe("VG9rZW5PbmU=");
    expect(await upstream.code("Replace", TOKEN, "VG9rZW5Ud28=")).toBe(200);
    expect(await upstream.get(TOKEN)).toBe("VG9rZW5Ud28=");
  });

  test("E-065, E-067 a less secure value succeeds, is what Get says, and is not applied", async () => {
    const upstream = await newUpstream();
    expect(await upstream.get(`${APPLIED}/CRLCheck`)).toBe(404);
    expect(await upstream.code("Add", CRL, "1")).toBe(200);
    expect(await upstream.code("Replace", CRL, "0")).toBe(200);
    expect(await upstream.get(CRL)).toBe("0");
    expect(await upstream.get(`${APPLIED}/CRLCheck`)).toBe("1");
    expect(await upstream.code("Replace", `${APPLIED}/CRLCheck`, "0")).toBe(405);
  });

  test("E-065 what the site's administrators set is as good as set on the device", async () => {
    const upstream = await newUpstream();
    const { enterprise } = core.policy;
    await core.change({ enterprise: { ...enterprise, crlCheck: "1" } });
    expect(await upstream.code("Add", CRL, "0")).toBe(200);
    expect(await upstream.get(CRL)).toBe("0");
    expect(await upstream.get(`${APPLIED}/CRLCheck`)).toBe("1");
    expect(await upstream.get(`${APPLIED}/CertificateSearchCriteria`)).toBe("CN%3DDevice-42");
    expect(await upstream.get(`${APPLIED}/EnrollmentToken`)).toBe(404);
    await core.change({ enterprise });
  });

  test("Q46 the default certificate subject is refused in every spelling", async () => {
    const upstream = await newUpstream();
    const criteria = `${EAM}/CertificateSearchCriteria`;
    const subject = "B1C43CD0-1624-5FBB-8E54-34CF17DFD3A1";
    for (const spelling of [
      `Subject=CN%3D${subject}\\x00`,
      `Subject=CN=${subject}`,
      `CN%3D${subject.toLowerCase()}%00`,
      `CN%253D${subject}`,
    ]) {
      expect(await upstream.code("Add", criteria, spelling)).toBe(400);
    }
    expect(await upstream.get(criteria)).toBe(404);
    expect(await upstream.code("Add", criteria, "CN%3DDevice-7")).toBe(200);
  });

  test("E-042 adding the EnterpriseID makes what is under it", async () => {
    const upstream = await newUpstream();
    expect(await upstream.get(EAM)).toBe(404);
    expect(await upstream.code("Add", EAM, "", "node")).toBe(200);
    expect(await upstream.get(EAM)).toBe("StoreProductID/Status/EnterpriseApps");
    expect(await upstream.get(`${EAM}/EnterpriseApps`)).toBe("Inventory/Download");
    expect(await upstream.get(`${EAM}/EnterpriseApps/Inventory`)).toBe("");
    expect(await upstream.get(ROOT)).toBe("4000000001/DeviceValue");
    expect(await upstream.code("Add", EAM, "", "node")).toBe(418);
  });

  test("Q33 one EnterpriseID per device: another one is a conflict", async () => {
    const upstream = await newUpstream();
    expect(await upstream.code("Add", `${ROOT}/4000000002/EnrollmentToken`, "VG9rZW4x")).toBe(409);
    expect(await upstream.code("Add", `${ROOT}/*/EnrollmentToken`, "VG9rZW4x")).toBe(404);
    expect(await upstream.get(`${ROOT}/4000000002`)).toBe(404);
  });

  test("Q36 a written Status never says how the work goes", async () => {
    const upstream = await newUpstream();
    await upstream.code("Add", TOKEN, "VG9rZW4x");
    await upstream.code("Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1");
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("1");
    expect(await upstream.code("Replace", `${P1_DOWNLOAD}/Status`, "9")).toBe(400);
    expect(await upstream.code("Replace", `${P1_DOWNLOAD}/Status`, "5")).toBe(200);
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("5");
    await upstream.code("Add", `${P1_DOWNLOAD}/Version`, "2.0.0.0");
    await upstream.code("Add", `${P1_DOWNLOAD}/URL`, "http://contoso.com/app.xap");
    await upstream.code("Add", `${P1_DOWNLOAD}/DownloadInstall`, "1");
    expect(await upstream.code("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0", "int")).toBe(202);
    // contoso.com is no source of this site: it failed, whatever is written.
    expect(await upstream.code("Replace", `${P1_DOWNLOAD}/Status`, "5")).toBe(200);
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("7");
    expect(await upstream.get(`${P1_DOWNLOAD}/LastError`)).toBe("-2147024891");
    expect(await upstream.get(`${P1_DOWNLOAD}/LastErrorDesc`)).toContain("not ours");
  });

  test.each([
    ["Add", `${P1_DOWNLOAD}/URL`, "ftp://contoso.com/a.xap", undefined, 400],
    ["Add", `${P1_DOWNLOAD}/URL`, "http://user@contoso.com/a.xap", undefined, 400],
    ["Add", `${P1_DOWNLOAD}/URL`, `http://contoso.com/${"a".repeat(3000)}`, undefined, 413],
    ["Add", `${P1_DOWNLOAD}/Version`, "", undefined, 400],
    ["Add", `${P1_DOWNLOAD}/Version`, "1\n2", undefined, 400],
    ["Add", `${P1_DOWNLOAD}/Version`, "1".repeat(65), undefined, 413],
    ["Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1", "node", 415],
    ["Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1", "bool", 415],
    ["Add", P1_DOWNLOAD, "", "chr", 415],
    ["Get", `${EAM}/${"a".repeat(1100)}`, undefined, undefined, 414],
    ["Get", `${EAM}/EnterpriseApps/Inventory?list=TNDS`, undefined, undefined, 406],
    ["Get", `${EAM}/EnterpriseApps/Inventory?prop=ACL`, undefined, undefined, 406],
    ["Get", `${EAM}/EnterpriseApps/Downloads`, undefined, undefined, 404],
    ["Get", "./Vendor/MSFT/EnterpriseModernAppManagement", undefined, undefined, 404],
    ["Get", "", undefined, undefined, 404],
    ["Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0", undefined, 404],
    ["Delete", P1_INVENTORY, undefined, undefined, 404],
  ] as const)("%s of %s with %p as %p is answered %d", async (name, uri, data, format, code) => {
    const upstream = await newUpstream();
    await upstream.code("Add", TOKEN, "VG9rZW4x");
    expect(await upstream.code(name, uri, data, format)).toBe(code);
    if (name === "Add") expect(await upstream.get(uri)).toBe(404);
  });

  test("a download tree has room for so many products, and says 420 then", async () => {
    const upstream = await newUpstream();
    await upstream.code("Add", TOKEN, "VG9rZW4x");
    const product = (n: number) =>
      `${EAM}/EnterpriseApps/Download/%7B00000000-0000-0000-0000-${String(n).padStart(12, "0")}%7D`;
    const adds = Array.from({ length: DOWNLOADS_MAX + 1 }, (_, n) =>
      command("Add", product(n), "", "node", String(n + 1)),
    );
    const { statuses } = await upstream.post(message(adds.join("")));
    expect(statuses.slice(1).filter(({ code }) => code === 200)).toHaveLength(DOWNLOADS_MAX);
    expect(statuses.at(-1)?.code).toBe(420);
  });

  test("E-053 a download node that is not touched is gone after seven days, to the millisecond", async () => {
    const upstream = await newUpstream();
    await upstream.code("Add", TOKEN, "VG9rZW4x");
    await upstream.code("Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1");
    core.nowMs += DOWNLOAD_LIFE_MS - 1;
    expect(await upstream.code("Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1")).toBe(418);
    core.nowMs += 1;
    expect(await upstream.get(P1_DOWNLOAD)).toBe(404);
    expect(await upstream.code("Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1")).toBe(200);
  });

  test("DevInfo and DevDetail can be read, as far as they are known", async () => {
    const { id } = await core.device("facts", { manufacturer: "Contoso", osVersion: "10.0.1" });
    const upstream = trees.upstream(id);
    expect(await upstream.get("./DevInfo/DevId")).toBe("urn:uuid:facts");
    expect(await upstream.get("./DevInfo")).toBe("DevId/Man");
    expect(await upstream.get("./DevDetail/SwV")).toBe("10.0.1");
    expect(await upstream.get("./DevInfo/Mod")).toBe(404);
    expect(await upstream.code("Replace", "./DevInfo/Man", "Fabrikam")).toBe(405);
  });

  test("E-006 a device of a family without the provider has none of its nodes", async () => {
    const { id } = await core.device("desktop", { osPlatform: "Windows 11" });
    const upstream = trees.upstream(id);
    expect(await upstream.get(ROOT)).toBe(404);
    expect(await upstream.code("Add", TOKEN, "VG9rZW4x")).toBe(404);
    expect(await upstream.get("./DevDetail/Ext/Microsoft/OSPlatform")).toBe("Windows 11");
  });

  test("what is pushed is there after a restart", async () => {
    const { id, raw } = await core.device("restart");
    await trees.upstream(id).code("Add", TOKEN, "VG9rZW4x");
    await raw.session(phone({ seen: [], installed: null, download: null }));
    (core.context.store as unknown as { forget(): void }).forget();
    expect(await trees.upstream(id).get(TOKEN)).toBe("VG9rZW4x");
  });
});

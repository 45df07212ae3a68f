import { describe, expect, test } from "bun:test";
import {
  installerFor,
  installersOf,
  kindOf,
  providersOf,
} from "../../../devices/install/providers.ts";
import type { PackageId, RevisionId, Sha256 } from "../../../devices/model/ids.ts";
import type { MsiInstall, MsixInstall, Package, Revision } from "../../../devices/model/package.ts";
import { ENTERPRISE_PLATFORMS_DEFAULT } from "../../../devices/model/policy.ts";
import { aDevice } from "../a-device.ts";
import { aRevision } from "../a-revision.ts";

const EAM = "EnterpriseAppManagement";
const EDAM = "EnterpriseDesktopAppManagement";
const EMAM = "EnterpriseModernAppManagement";

const APP: Package = {
  id: "app" as PackageId,
  name: "App",
  platform: "Windows",
  productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
  publisher: null,
  description: "",
  createdAtMs: 0,
};
const MSI: MsiInstall = {
  productCode: "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}",
  upgradeCode: null,
  context: "device",
  commandLine: "/quiet",
  timeoutMinutes: 60,
  retryCount: 3,
  retryIntervalMinutes: 5,
  downloadFromAad: false,
  fallbackUrls: [],
};
const MSIX: MsixInstall = {
  familyName: "Contoso.App_8wekyb3d8bbwe",
  fullName: null,
  context: "device",
  dependencies: [],
  deploymentOptions: 0,
};

function revision(channel: Revision["channel"], file: string, change: Partial<Revision>): Revision {
  return aRevision({
    id: "r1" as RevisionId,
    package: APP.id,
    version: "1.0",
    channel,
    file: { sha256: "0".repeat(64) as Sha256, name: file, bytes: 1 },
    ...change,
  });
}

describe("providersOf()", () => {
  test.each([
    ["Windows 10 Mobile", "10.0.15254.603", [EAM]],
    ["Windows 10 Mobile Enterprise", null, [EAM]],
    ["Windows Phone 8.1", "8.10.15148.160", [EAM]],
    ["Windows 10 IoT Core", "10.0.17763.1", [EAM]],
    ["Windows 11 Pro", "10.0.22631.3007", [EDAM, EMAM]],
    ["Microsoft Windows 11 Enterprise", null, [EDAM, EMAM]],
    ["windows 10 enterprise", "10.0.19045.1", [EDAM, EMAM]],
    ["Windows 10 IoT Enterprise", "10.0.19044.1", [EDAM, EMAM]],
    ["Windows Server 2022", "10.0.20348.1", [EDAM, EMAM]],
    ["Windows 11 Home", "10.0.22631.1", [EMAM]],
    ["Windows 10 Holographic", null, [EMAM]],
    ["Windows 10 Pro", "10.0.10240.1", []],
    ["Windows 8.1 Pro", "6.3.9600", []],
    ["Windows Phone 8.0", "8.0", []],
    ["PocketPC", "5.2", []],
    [null, "10.0.22631.3007", [EDAM, EMAM]],
    [null, "10.0.15254.603", undefined],
    [null, "10.0.17763.1", undefined],
    [null, null, undefined],
  ] as const)("%p %p has %p [E-006, Q47]", (osPlatform, osVersion, expected) => {
    const device = aDevice({ platform: "Windows", osPlatform, osVersion });
    expect(providersOf(device, ENTERPRISE_PLATFORMS_DEFAULT)).toEqual(expected as never);
    // And again, as it is remembered.
    expect(providersOf(device, ENTERPRISE_PLATFORMS_DEFAULT)).toEqual(expected as never);
  });

  test("the allow list decides about phones, and a change of it is seen", () => {
    const device = aDevice({ platform: "Windows", osPlatform: "Windows 10 Mobile" });
    expect(providersOf(device, ENTERPRISE_PLATFORMS_DEFAULT)).toEqual([EAM]);
    expect(providersOf(device, [])).toEqual([]);
    const handheld = aDevice({ platform: "Windows", osPlatform: "Windows Embedded 8.1 Handheld" });
    expect(providersOf(handheld, ENTERPRISE_PLATFORMS_DEFAULT)).toEqual([]);
    expect(providersOf(handheld, ["Windows Embedded 8.1 Handheld"])).toEqual([EAM]);
  });

  test("other systems have none", () => {
    const device = aDevice({ platform: "iOS", osPlatform: "Windows 11" });
    expect(providersOf(device, ENTERPRISE_PLATFORMS_DEFAULT)).toEqual([]);
  });
});

describe("installerFor()", () => {
  const pc = aDevice({ platform: "Windows", osPlatform: "Windows 11 Pro" });
  const phone = aDevice({ platform: "Windows", osPlatform: "Windows 10 Mobile" });
  const unknown = aDevice({ platform: "Windows", osPlatform: null, osVersion: null });
  const provider = (device: typeof pc, one: Revision) =>
    installerFor(device, one, APP, ENTERPRISE_PLATFORMS_DEFAULT);

  test.each([
    ["XAP", revision(EAM, "a.xap", {}), undefined, EAM, EAM],
    ["MSI", revision(EDAM, "a.msi", { msi: MSI }), EDAM, undefined, EDAM],
    ["MSIX", revision(EMAM, "a.msix", { msix: MSIX }), EMAM, undefined, EMAM],
    ["APPX with both names", revision(EAM, "a.appx", { msix: MSIX }), EMAM, EAM, EAM],
    ["APPX made for PCs", revision(EMAM, "a.AppxBundle", { msix: MSIX }), EMAM, EAM, EMAM],
    ["APPX of phones", revision(EAM, "a.appx", {}), undefined, EAM, EAM],
    [
      "what others install",
      revision("reported", "a.msi", { msi: MSI }),
      undefined,
      undefined,
      undefined,
    ],
  ] as const)("%s: a PC, a phone, and a device that said nothing", (_, one, ...expected) => {
    expect([pc, phone, unknown].map((device) => provider(device, one))).toEqual(expected as never);
  });

  test("an APPX without a product id is not for phones", () => {
    const one = revision(EMAM, "a.appx", { msix: MSIX });
    expect(installersOf(one, { ...APP, productId: null })).toEqual([EMAM]);
  });
});

describe("kindOf()", () => {
  test.each([
    ["a.XAP", "xap"],
    ["b.appxbundle", "appx"],
    ["c.msixbundle", "msix"],
    ["d.1.0.msi", "msi"],
    ["e.exe", undefined],
    ["constructor", undefined],
    ["f.constructor", undefined],
    ["msi", undefined],
  ] as const)("%s is %p", (name, kind) => {
    expect(kindOf({ file: { name } })).toBe(kind as never);
  });
  expect(kindOf({ file: null })).toBeUndefined();
});

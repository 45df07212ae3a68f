import { describe, expect, test } from "bun:test";
import { relevanceOf } from "../../../devices/install/relevance.ts";
import type { Device } from "../../../devices/model/device.ts";
import type { PackageId } from "../../../devices/model/ids.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import { ENTERPRISE_PLATFORMS_DEFAULT } from "../../../devices/model/policy.ts";
import { aDevice } from "../a-device.ts";
import { aRevision } from "../a-revision.ts";

const ANYTHING = { cpu: null, osMajor: null, osPlatform: null };

describe("relevanceOf()", () => {
  test.each<[string, Partial<Device>, Partial<Revision>, string]>([
    ["M-039 an older OS", { osVersion: "14.8" }, { minimumOsVersion: "15" }, "OS Criteria"],
    ["M-039 the very version", { osVersion: "15.0" }, { minimumOsVersion: "15" }, "relevant"],
    ["M-039 2.10 is after 2.9", { osVersion: "2.10" }, { minimumOsVersion: "2.9" }, "relevant"],
    ["M-039 an OS not told yet", { osVersion: null }, { minimumOsVersion: "15" }, "relevant"],
    [
      "M-040 a shared device, a store app without licence",
      { shared: true },
      { storeApp: true },
      "Device Criteria",
    ],
    ["M-040 with a licence", { shared: true }, { storeApp: true, licence: "device" }, "relevant"],
    ["M-040 the organisation's own app", { shared: true }, { storeApp: false }, "relevant"],
    [
      "M-041 enrolled by its user, a device licence",
      { userEnrolled: true },
      { licence: "device" },
      "Device Criteria",
    ],
    ["M-041 a user licence", { userEnrolled: true }, { licence: "user" }, "relevant"],
    [
      "M-042 no user, a user licence",
      { userAssigned: false },
      { licence: "user" },
      "Device Criteria",
    ],
    ["M-042 no user, no licence needed", { userAssigned: false }, { licence: "none" }, "relevant"],
    [
      "Q14 another processor",
      { cpu: "MIPS" },
      { targeting: { ...ANYTHING, cpu: "ARM" } },
      "Device Criteria",
    ],
    [
      "Q14 case does not count",
      { cpu: "arm" },
      { targeting: { ...ANYTHING, cpu: "ARM" } },
      "relevant",
    ],
    [
      "Q14 a processor not told yet",
      { cpu: null },
      { targeting: { ...ANYTHING, cpu: "ARM" } },
      "relevant",
    ],
    [
      "Q14 another OS major",
      { osMajor: 5 },
      { targeting: { ...ANYTHING, osMajor: 6 } },
      "OS Criteria",
    ],
    [
      "Q14 another platform",
      { osPlatform: "WinCE" },
      { targeting: { ...ANYTHING, osPlatform: "PocketPC" } },
      "OS Criteria",
    ],
    [
      "Q14 both wrong: the OS speaks first",
      { cpu: "MIPS", osMajor: 5 },
      { targeting: { ...ANYTHING, cpu: "ARM", osMajor: 6 } },
      "OS Criteria",
    ],
    [
      "Q47 a family that is served",
      { osPlatform: "windows 10 mobile" },
      { channel: "EnterpriseAppManagement" },
      "relevant",
    ],
    [
      "Q47 an edition of the family",
      { osPlatform: "Windows 10 Mobile Enterprise" },
      { channel: "EnterpriseAppManagement" },
      "relevant",
    ],
    [
      "Q47 another family",
      { osPlatform: "Windows 10 Pro" },
      { channel: "EnterpriseAppManagement" },
      "OS Criteria",
    ],
    [
      "Q47 another number that begins alike",
      { osPlatform: "Windows Phone 8.10" },
      { channel: "EnterpriseAppManagement" },
      "OS Criteria",
    ],
    [
      "Q47 a family not told yet",
      { osPlatform: null },
      { channel: "EnterpriseAppManagement" },
      "relevant",
    ],
    [
      "Q47 only that channel asks",
      { osPlatform: "Windows 10 Pro" },
      { channel: "reported" },
      "relevant",
    ],
  ])("%s", (_, device, revision, expected) => {
    const found = relevanceOf(
      aDevice(device),
      aRevision(revision),
      AN_APP,
      ENTERPRISE_PLATFORMS_DEFAULT,
    );
    expect(found.relevant ? "relevant" : found.state).toBe(expected);
    if (!found.relevant) expect(found.condition).not.toBe("");
  });

  test("S-04 names the condition that is not met", () => {
    const conditions = [
      relevanceOf(aDevice({ shared: true }), aRevision({ storeApp: true }), AN_APP, []),
      relevanceOf(aDevice({ userEnrolled: true }), aRevision({ licence: "device" }), AN_APP, []),
      relevanceOf(aDevice({ userAssigned: false }), aRevision({ licence: "user" }), AN_APP, []),
    ].map((found) => (found.relevant ? "" : found.condition));
    expect(new Set(conditions).size).toBe(3);
    expect(conditions.join("; ")).toMatch(/shared.*enrolled by their user.*assigned user/);
  });

  test("no family is served when the list is empty", () => {
    const revision = aRevision({ channel: "EnterpriseAppManagement" });
    expect(
      relevanceOf(aDevice({ osPlatform: "Windows 10 Mobile" }), revision, AN_APP, []).relevant,
    ).toBe(false);
  });
});

const AN_APP: Package = {
  id: "app" as PackageId,
  name: "App",
  platform: "Windows",
  productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
  publisher: null,
  description: "",
  createdAtMs: 0,
};

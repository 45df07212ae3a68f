import { describe, expect, test } from "bun:test";
import {
  CONTEXT_VALUE_CHARACTERS_MAX,
  deviceContextOf,
  osPlatformOf,
} from "../../../protocols/mde2/device-context.ts";

const saying = (items: Readonly<Record<string, string>>) =>
  deviceContextOf({
    kind: "issue",
    request: new Uint8Array(),
    context: new Map(Object.entries(items).map(([name, value]) => [name, [value]])),
  });

describe("what a device says about itself", () => {
  test("whose key store is asked for", () => {
    expect(saying({ DeviceID: "A", EnrollmentType: "Full" }).store).toBe("User");
    expect(saying({ DeviceID: "A", EnrollmentType: "Device" }).store).toBe("System");
  });

  test("no DeviceID, the default one and one that is too long are refused", () => {
    expect(() => saying({})).toThrow("no DeviceID");
    for (const id of [
      "B1C43CD0-1624-5FBB-8E54-34CF17DFD3A1",
      "b1c43cd0-1624-5fbb-8e54-34cf17dfd3a1\\x00",
      "CN%3DB1C43CD0-1624-5FBB-8E54-34CF17DFD3A1%00",
    ]) {
      expect(() => saying({ DeviceID: id })).toThrow("by default");
    }
    const long = "x".repeat(CONTEXT_VALUE_CHARACTERS_MAX + 1);
    expect(() => saying({ DeviceID: long })).toThrow("more than 256 characters");
  });

  test.each([
    ["10.0.26100.4351", "48", "CIMClient_Windows", "Windows 11"],
    ["10.0.22000.1", "4", "CIMClient_Windows", "Windows 11"],
    ["10.0.19045.1", "48", "CIMClient_Windows", "Windows 10"],
    ["10.0.15254.603", "104", "WindowsPhone", "Windows 10 Mobile"],
    ["10.0.15254.603", "", "WindowsPhone", "Windows 10 Mobile"],
    ["8.10.15148.160", "", "WindowsPhone", "Windows Phone 8.1"],
    ["10.0.17763.1", "123", "CIMClient_Windows", "Windows 10 IoT Core"],
    ["6.3.9600.1", "48", "CIMClient_Windows", "Windows 8.1"],
    ["", "48", "CIMClient_Windows", null],
    ["nonsense", "", "", null],
  ])("version %p, edition %p, type %p is %p", (version, edition, type, platform) => {
    const device = saying({
      DeviceID: "A",
      OSVersion: version,
      OSEdition: edition,
      DeviceType: type,
    });
    expect(osPlatformOf(device)).toBe(platform);
  });
});

import { describe, expect, test } from "bun:test";
import {
  DEV_INFO_OTHER_MAX,
  DEV_INFO_VALUE_MAX,
  devInfoOf,
  isDevInfoUri,
  readDevInfo,
} from "../../../protocols/oma-dm/dev-info.ts";
import { packageOne } from "./device-messages.ts";

describe("readDevInfo()", () => {
  test("reads the leaves of DevInfo and DevDetail, and keeps the others by path", () => {
    const info = readDevInfo([
      { source: "./DevInfo", meta: { format: "node" }, data: "DevId/Man" },
      { source: "./DevInfo/DevId", data: " urn:uuid:1 " },
      { source: "./DevInfo/Mod", data: "MC55" },
      { target: "./devdetail/SWV", data: "10.0" },
      { source: "./DevDetail/LrgObj", data: "true" },
      { source: "./DevInfo/Ext/Microsoft/DeviceName", data: "till 1" },
      { source: "./DevInfo/Man" },
      { source: "./Vendor/MSFT/X", data: "no" },
    ]);
    expect(info).toEqual({
      devId: "urn:uuid:1",
      mod: "MC55",
      swV: "10.0",
      lrgObj: "true",
      other: { "DevInfo/Ext/Microsoft/DeviceName": "till 1" },
    });
  });

  test("finds them in a message, whoever sent it", () => {
    expect(devInfoOf(packageOne())).toEqual({ devId: "urn:uuid:0001", man: "Contoso", other: {} });
  });

  test("survives names that mean something to JavaScript", () => {
    const info = readDevInfo([{ source: "./DevInfo/__proto__", data: "x" }]);
    expect(Object.keys(info.other)).toEqual(["DevInfo/__proto__"]);
  });

  test("keeps values and other leaves only up to their limits", () => {
    const items = Array.from({ length: DEV_INFO_OTHER_MAX + 5 }, (_, i) => ({
      source: `./DevInfo/Ext/${i}`,
      data: "x".repeat(DEV_INFO_VALUE_MAX + 1),
    }));
    const { other } = readDevInfo(items);
    expect(Object.keys(other)).toHaveLength(DEV_INFO_OTHER_MAX);
    expect(other["DevInfo/Ext/0"]).toHaveLength(DEV_INFO_VALUE_MAX);
  });

  test.each([
    ["./DevInfo", true],
    ["DevDetail/SwV", true],
    ["./DevInfoX/Man", false],
    ["./Vendor/DevInfo", false],
    ["", false],
  ])("%p belongs to it: %p", (uri, belongs) => {
    expect(isDevInfoUri(uri)).toBe(belongs);
  });
});

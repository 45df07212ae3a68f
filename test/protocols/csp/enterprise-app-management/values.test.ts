import { describe, expect, test } from "bun:test";
import {
  readDownloadStatus,
  readEnterpriseStatus,
} from "../../../../protocols/csp/enterprise-app-management/values.ts";
import { readLastError } from "../../../../protocols/csp/last-error.ts";

describe("values", () => {
  test.each([
    ["-2147009296", -2147009296],
    ["2147958000", -2147009296],
    ["0x80073CF0", -2147009296],
    [" 0x80073cf0\n", -2147009296],
    ["0", 0],
    ["-1", -1],
    ["4294967295", -1],
    ["2147483647", 2147483647],
    ["-2147483648", -2147483648],
  ])("LastError %j is %p", (text, value) => {
    expect(readLastError(text)).toBe(value);
  });

  test.each(["", "0x", "S_OK", "1.5", "4294967296", "-2147483649", "0x123456789", "99999999999"])(
    "LastError %j cannot be read",
    (text) => {
      expect(readLastError(text)).toBeUndefined();
    },
  );

  test.each([
    ["0", 0],
    [" 7 ", 7],
    ["installed", 5],
    ["DOWNLOAD_FAILED", 7],
    ["8", undefined],
    ["", undefined],
    ["05", undefined],
  ])("Download/Status %j is %p", (text, value) => {
    expect(readDownloadStatus(text)).toBe(value);
  });

  test.each([
    ["0", 0],
    ["REVOKED", 2],
    ["4", undefined],
  ])("the enterprise's Status %j is %p", (text, value) => {
    expect(readEnterpriseStatus(text)).toBe(value);
  });
});

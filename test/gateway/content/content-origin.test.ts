import { describe, expect, test } from "bun:test";
import { type AddressKind, addressKindOf } from "../../../gateway/content/address-kind.ts";
import {
  allowsAddress,
  checkedSource,
  parseContentOrigin,
} from "../../../gateway/content/content-origin.ts";

describe("addressKindOf()", () => {
  test.each([
    ["8.8.8.8", "public"],
    ["2606:2800:220:1::1", "public"],
    ["10.0.0.1", "private"],
    ["172.31.255.255", "private"],
    ["172.32.0.1", "public"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "private"],
    ["fd12::1", "private"],
    ["127.0.0.1", "loopback"],
    ["127.9.9.9", "loopback"],
    ["::1", "loopback"],
    ["[::1]", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:10.1.2.3", "private"],
    ["::ffff:8.8.8.8", "public"],
    ["0.0.0.0", "never"],
    ["::", "never"],
    ["169.254.169.254", "never"],
    ["::ffff:169.254.169.254", "never"],
    ["64:ff9b::7f00:1", "never"],
    ["2002:7f00:1::", "never"],
    ["fe80::1%eth0", "never"],
    ["224.0.0.1", "never"],
    ["255.255.255.255", "never"],
    ["ff02::1", "never"],
    ["contoso.com", "never"],
    ["", "never"],
  ] as const satisfies readonly (readonly [string, AddressKind])[])("%s is %s", (address, kind) => {
    expect(addressKindOf(address)).toBe(kind);
  });
});

describe("parseContentOrigin()", () => {
  test.each([
    ["https://contoso.com", "https://contoso.com"],
    ["HTTP://Contoso.com:80/", "http://contoso.com"],
    [" http://127.1:8080 ", "http://127.0.0.1:8080"],
    ["http://0x7f000001", "http://127.0.0.1"],
    ["https://contoso.com/apps", undefined],
    ["https://contoso.com?a", undefined],
    ["https://user@contoso.com", undefined],
    ["ftp://contoso.com", undefined],
    ["file:///etc/passwd", undefined],
    ["data:text/plain,a", undefined],
    ["s3://bucket", undefined],
    ["contoso.com", undefined],
    ["", undefined],
  ])("%p is %p", (text, origin) => {
    expect(parseContentOrigin(text)).toBe(origin as string);
  });
});

describe("allowsAddress()", () => {
  const name = { origin: "https://contoso.com", privateAddresses: false };
  test("a name stands for the internet only, unless it was allowed to be private", () => {
    expect(allowsAddress(name, "8.8.8.8")).toBe(true);
    expect(allowsAddress(name, "10.0.0.1")).toBe(false);
    expect(allowsAddress({ ...name, privateAddresses: true }, "10.0.0.1")).toBe(true);
  });

  test("a name never stands for this machine, or for what answers clouds' questions", () => {
    for (const address of ["127.0.0.1", "::1", "169.254.169.254", "0.0.0.0"]) {
      expect(allowsAddress({ ...name, privateAddresses: true }, address)).toBe(false);
    }
  });

  test("an address that an administrator wrote down is allowed as itself", () => {
    const literal = { origin: "http://127.0.0.1:9000", privateAddresses: false };
    expect(allowsAddress(literal, "127.0.0.1")).toBe(true);
    const cloud = { origin: "http://169.254.169.254", privateAddresses: true };
    expect(allowsAddress(cloud, "169.254.169.254")).toBe(false);
  });
});

describe("checkedSource()", () => {
  const origins = [{ origin: "https://contoso.com", privateAddresses: false }];
  test("takes what is on the list, in one spelling", () => {
    expect(checkedSource(" https://CONTOSO.com:443/a b.xap?v=2#x ", origins).url).toBe(
      "https://contoso.com/a%20b.xap?v=2#x",
    );
  });

  test.each([
    "http://contoso.com/a.xap",
    "https://contoso.com:8443/a.xap",
    "https://contoso.com.evil.example/a.xap",
    "https://user:secret@contoso.com/a.xap",
    "https:///a.xap",
  ])("refuses %s", (url) => {
    expect(checkedSource(url, origins).problem).toBeString();
  });
});
